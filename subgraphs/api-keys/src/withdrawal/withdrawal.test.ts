import { setTimeout as pause } from 'node:timers/promises'
import { minuteMs } from '@latchkey/clock'
import { anonymous, type Principal } from '@latchkey/principal'
import { anApiKey, aService, aUser } from '@latchkey/principal/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { graphSdl, type RunningApiKeys, runApiKeys } from '../application.fixture.ts'

function aGate() {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

/** A change waits here before it can be seen. */
let announcing = async () => {}
let app: RunningApiKeys
beforeAll(async () => {
  app = await runApiKeys({
    recordsOver: (records) => ({ ...records, putApiKey: (key) => announcing().then(() => records.putApiKey(key)) }),
  })
})
afterAll(() => app.stop())

const users = aService('users')
const query = `mutation ($userId: ID!, $since: DateTime!) {
  withdrawApiKeys(userId: $userId, since: $since) { userId withdrawn } }`
const withdraw = (userId: string, since: Date | string, principal: Principal = users) =>
  app.ask(principal, query, { userId, since: since instanceof Date ? since.toISOString() : since })

const act = (owner: Principal, name: string, input: object) =>
  app.ask(
    owner,
    `mutation ($input: ${name.charAt(0).toUpperCase()}${name.slice(1)}Input!) { ${name}(input: $input) { apiKey { id } } }`,
    { input },
  )
const turn = (owner: Principal, name: 'disableApiKey' | 'enableApiKey', id: string) =>
  app.ask(owner, `mutation ($id: ID!) { ${name}(id: $id) { apiKey { id } } }`, { id })
const standings = async (...ids: string[]) => {
  const rows = await app.database.prisma.apiKey.findMany({ where: { id: { in: ids } } })
  const stands = (id: string) => {
    const { revokedAt, disabledAt } = rows.find((row) => row.id === id) ?? expect.fail()
    return revokedAt ? 'revoked' : disabledAt ? 'disabled' : 'works'
  }
  return ids.map(stands)
}

describe('keys that whoever had hold of an account may have left', () => {
  it('end when they were made since, are set aside when something was done with them since, and else stay', async () => {
    const owner = aUser({ userId: 'usr_robbed' })
    const [kept, asleep, rotated, widened] = await Promise.all(Array.from({ length: 4 }, () => app.create(owner)))
    const others = await app.create(aUser({ userId: 'usr_other' }))
    if (!kept || !asleep || !rotated || !widened) throw new Error('four keys were made')
    await turn(owner, 'disableApiKey', asleep.id)
    app.clock.advance(minuteMs)
    const since = app.clock.now()
    const made = await app.create(owner)
    await turn(owner, 'enableApiKey', asleep.id)
    await act(owner, 'updateApiKey', { id: widened.id, scopes: ['keys:read', 'keys:write'] })
    const answer = await act(owner, 'rotateApiKey', { id: rotated.id })
    const successor = (answer.data as { rotateApiKey: { apiKey: { id: string } } }).rotateApiKey.apiKey.id
    app.clock.advance(minuteMs)
    expect((await withdraw('usr_robbed', since)).data).toEqual({
      withdrawApiKeys: { userId: 'usr_robbed', withdrawn: 4 },
    })
    const all = [made.id, successor, asleep.id, widened.id, kept.id, rotated.id, others.id]
    const stand = ['revoked', 'revoked', 'disabled', 'disabled', 'works', 'works', 'works']
    expect(await standings(...all)).toEqual(stand)
    expect((await app.records.apiKey(made.id)).key?.revokedAtMs).not.toBeNull()
    expect((await app.records.apiKey(asleep.id)).key?.disabledAtMs).not.toBeNull()
    // Asked again, because the answer was lost: the same answer, and nothing more is done.
    expect((await withdraw('usr_robbed', since)).data).toEqual({
      withdrawApiKeys: { userId: 'usr_robbed', withdrawn: 4 },
    })
    const records = await app.database.prisma.apiKeysAuditRecord.findMany({ where: { actorKind: 'service' } })
    expect(records.map(({ actorId, target }) => [actorId, target]).sort()).toEqual(
      [made.id, successor, asleep.id, widened.id].map((id) => ['users', id]).sort(),
    )
  })

  it('are all taken back, however many are being made at that moment', async () => {
    const owner = aUser({ userId: 'usr_racing' })
    const since = app.clock.now()
    const making = Array.from({ length: 20 }, () => app.create(owner))
    const [made] = await Promise.all([Promise.all(making), withdraw('usr_racing', since)])
    await withdraw('usr_racing', since)
    expect(new Set(await standings(...made.map(({ id }) => id)))).toEqual(new Set(['revoked']))
  })

  const refused: readonly (readonly [string, Principal, string])[] = [
    ['nobody', anonymous, 'UNAUTHENTICATED'],
    ['their owner', aUser({ userId: 'usr_ada' }), 'FORBIDDEN'],
    ['an administrator', aUser({ userId: 'usr_root', scopes: ['keys:admin', 'users:write'] }), 'FORBIDDEN'],
    ['a key', anApiKey({ ownerId: 'usr_ada' }), 'FORBIDDEN'],
    ['the gateway', aService('gateway', ['keys:admin']), 'FORBIDDEN'],
  ]
  it.each(refused)('are not taken back for %s', async (_, principal, code) => {
    const { id } = await app.create(aUser({ userId: 'usr_ada' }))
    const { errors } = await withdraw('usr_ada', new Date(0), principal)
    expect(errors?.map(({ extensions }) => extensions?.code)).toEqual([code])
    expect(await standings(id)).toEqual(['works'])
  })

  it.each(['', 'yesterday'])('are not taken back since %j, which is no moment', async (since) => {
    const { errors } = await withdraw('usr_ada', since)
    expect(errors?.[0]?.extensions?.code).toBe('BAD_USER_INPUT')
  })
})

it('a key that was set aside is taken up again by its owner, and by no administrator', async () => {
  const owner = aUser({ userId: 'usr_careful' })
  const { id } = await app.create(owner)
  app.clock.advance(minuteMs)
  const since = app.clock.now()
  await act(owner, 'updateApiKey', { id, scopes: ['keys:read', 'keys:write'] })
  await withdraw('usr_careful', since)
  await turn(aUser({ userId: 'usr_root', scopes: ['keys:write', 'keys:admin'] }), 'enableApiKey', id)
  expect(await standings(id)).toEqual(['disabled'])
  await turn(owner, 'enableApiKey', id)
  expect(await standings(id)).toEqual(['works'])
})

it('a key that was let ask more since is set aside', async () => {
  const owner = aUser({ userId: 'usr_widened' })
  const key = await app.create(owner, { access: { allow: ['Order.*'] } })
  app.clock.advance(minuteMs)
  const since = app.clock.now()
  app.compose(graphSdl.replace('total: Int', 'total: Int tax: Int'))
  await act(owner, 'acceptApiKeyFields', { id: key.id })
  expect((await app.records.apiKey(key.id)).key?.confinement?.access?.accepted).toContain('Order.tax')
  await withdraw('usr_widened', since)
  expect(await standings(key.id)).toEqual(['disabled'])
})

describe('keys of service accounts', () => {
  const service = 'svc_nightly'
  const robbed = aUser({ userId: 'usr_robbed_admin', scopes: ['keys:read', 'keys:write', 'keys:admin'] })
  const colleague = aUser({ userId: 'usr_colleague', scopes: ['keys:read', 'keys:write', 'keys:admin'] })
  const ofService = (by: typeof robbed) => app.create(by, { ownerId: service, scopes: ['keys:read'] })

  it('whose texts were shown to whoever had hold of an administrator end with theirs, and those that they changed are set aside', async () => {
    app.users.accounts.set(service, true)
    const [kept, rotated, touched] = [await ofService(robbed), await ofService(robbed), await ofService(colleague)]
    app.clock.advance(minuteMs)
    const since = app.clock.now()
    const made = await ofService(robbed)
    const others = await ofService(colleague)
    const answer = await act(robbed, 'rotateApiKey', { id: rotated.id })
    const successor = (answer.data as { rotateApiKey: { apiKey: { id: string } } }).rotateApiKey.apiKey.id
    await act(robbed, 'updateApiKey', { id: touched.id, name: 'theirs now' })
    const expected = { withdrawApiKeys: { userId: robbed.userId, withdrawn: 3 } }
    expect((await withdraw(robbed.userId, since)).data).toEqual(expected)
    expect(await standings(made.id, successor, touched.id)).toEqual(['revoked', 'revoked', 'disabled'])
    expect(await standings(kept.id, rotated.id, others.id)).toEqual(['works', 'works', 'works'])
    expect((await app.records.apiKey(successor)).key?.revokedAtMs).not.toBeNull()
    expect((await withdraw(robbed.userId, since)).data).toEqual(expected)
    app.clock.advance(minuteMs)
    await turn(colleague, 'enableApiKey', touched.id)
    expect((await withdraw(robbed.userId, since)).data).toEqual(expected)
    expect(await standings(touched.id)).toEqual(['works'])
  })

  it('are all taken back, however many are being made at that moment', async () => {
    app.users.accounts.set(service, true)
    const since = app.clock.now()
    const making = Array.from({ length: 20 }, () => ofService(robbed))
    const [made] = await Promise.all([Promise.all(making), withdraw(robbed.userId, since)])
    await withdraw(robbed.userId, since)
    expect(new Set(await standings(...made.map(({ id }) => id)))).toEqual(new Set(['revoked']))
  })

  /** What is changed when it happens is not seen until the withdrawal has had its time. */
  async function whileWithdrawn<Answer>(change: () => Promise<Answer>): Promise<Answer> {
    const [reached, goOn] = [aGate(), aGate()]
    announcing = () => {
      reached.open()
      return goOn.opened
    }
    const since = app.clock.now()
    const changing = change()
    await reached.opened
    announcing = async () => {}
    const withdrawing = withdraw(robbed.userId, since)
    await Promise.race([withdrawing, pause(300)])
    goOn.open()
    expect((await withdrawing).errors).toBeUndefined()
    return changing
  }

  it('that are rotated from there at that very moment end with the first withdrawal', async () => {
    app.users.accounts.set(service, true)
    const { id } = await ofService(colleague)
    app.clock.advance(minuteMs)
    const { data } = await whileWithdrawn(() => act(robbed, 'rotateApiKey', { id }))
    const successor = (data as { rotateApiKey: { apiKey: { id: string } } }).rotateApiKey.apiKey.id
    expect(await standings(successor)).toEqual(['revoked'])
  })

  it('that are enabled from there at that very moment are set aside with the first withdrawal', async () => {
    app.users.accounts.set(service, true)
    const { id } = await ofService(colleague)
    await turn(colleague, 'disableApiKey', id)
    app.clock.advance(minuteMs)
    expect((await whileWithdrawn(() => turn(robbed, 'enableApiKey', id))).errors).toBeUndefined()
    expect(await standings(id)).toEqual(['disabled'])
  })
})
