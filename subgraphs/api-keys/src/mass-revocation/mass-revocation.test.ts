import { dayMs } from '@latchkey/clock'
import { aUser } from '@latchkey/principal/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type RunningApiKeys, runApiKeys } from '../application.fixture.ts'

let app: RunningApiKeys
/** Told of each record before it is put. */
let announcing: () => Promise<void>
beforeEach(async () => {
  announcing = async () => {}
  app = await runApiKeys({
    recordsOver: (records) => ({ ...records, putApiKey: (key) => announcing().then(() => records.putApiKey(key)) }),
  })
})
afterEach(() => app.stop())

const ada = aUser({ userId: 'usr_ada' })
const eve = aUser({ userId: 'usr_eve' })
const admin = aUser({ userId: 'usr_root', scopes: ['keys:admin', 'keys:read'] })
const query = `mutation ($input: RevokeApiKeysInput!) { revokeApiKeys(input: $input) { revoked remaining apiKeys { id name status } } }`
interface Answer {
  readonly revoked: number
  readonly remaining: number
  readonly apiKeys: readonly { readonly id: string; readonly name: string; readonly status: string }[]
}
const asked = (by: typeof ada, filter: Record<string, unknown>, more: Record<string, unknown> = {}) =>
  app.ask(by, query, { input: { filter, ...more } })
const revoke = async (by: typeof ada, filter: Record<string, unknown>, more: Record<string, unknown> = {}) =>
  ((await asked(by, filter, more)).data as { revokeApiKeys: Answer }).revokeApiKeys
const named = (names: readonly string[], by = ada) => Promise.all(names.map((name) => app.create(by, { name })))
const working = () => app.database.prisma.apiKey.count({ where: { revokedAt: null } })

describe('a dry run', () => {
  it('tells how many there are and the first of them, and ends nothing', async () => {
    await named(Array.from({ length: 25 }, (_, at) => `old-${at}`))
    const answer = await revoke(ada, { namePrefix: 'old-' }, { dryRun: true })
    expect([answer.revoked, answer.remaining, answer.apiKeys.length, await working()]).toEqual([0, 25, 20, 25])
  })
})

describe('revoking what meets criteria', () => {
  it('meets every one that is given', async () => {
    await named(['job-1', 'job-2', 'web-1'])
    app.clock.advance(40 * dayMs)
    await named(['job-3'])
    await app.create(ada, { name: 'job-4', scopes: ['keys:write'] })
    const all = { dryRun: true }
    const count = async (filter: Record<string, unknown>) => (await revoke(ada, filter, all)).remaining
    expect(await count({ namePrefix: 'job' })).toBe(4)
    expect(await count({ namePrefix: 'job', unusedForDays: 30 })).toBe(2)
    expect(await count({ createdBefore: '2030-01-20T00:00:00Z' })).toBe(3)
    expect(await count({ scope: 'keys:write' })).toBe(1)
    expect(await count({ scope: 'keys:write', unusedForDays: 30 })).toBe(0)
    expect(await count({ environment: 'TEST' })).toBe(5)
    expect(await count({ environment: 'LIVE' })).toBe(0)
    expect(await count({ namePrefix: '%' })).toBe(0)
    expect(await count({ ownerId: 'usr_ada' })).toBe(5)
  })

  it('ends each before it answers, on record, with the reason and what remains', async () => {
    const keys = await named(['a-1', 'a-2', 'b-1'])
    const answer = await revoke(ada, { namePrefix: 'a-' }, { reason: 'left the laptop in a train' })
    expect(answer).toMatchObject({ revoked: 2, remaining: 0, apiKeys: [{ status: 'REVOKED' }, { status: 'REVOKED' }] })
    const records = await Promise.all(keys.map(async ({ id }) => (await app.records.apiKey(id)).key?.revokedAtMs))
    expect(records.map((at) => typeof at)).toEqual(['number', 'number', 'object'])
    const audited = await app.database.prisma.apiKeysAuditRecord.findMany({ where: { action: 'api-key.revoked' } })
    expect(audited.map(({ target, detail }) => [target, detail]).sort()).toEqual(
      keys
        .slice(0, 2)
        .map(({ id }) => [id, { by: 'filter' }])
        .sort(),
    )
    const row = await app.database.prisma.apiKey.findUnique({ where: { id: keys[0]?.id ?? '' } })
    expect(row?.revokedReason).toBe('left the laptop in a train')
  })

  it('ends a hundred in a call and says how many are left', async () => {
    const owners = [ada, eve]
    for (const by of owners)
      await named(
        Array.from({ length: 75 }, (_, at) => `bulk-${at}`),
        by,
      )
    expect(await revoke(admin, { namePrefix: 'bulk-' })).toMatchObject({ revoked: 100, remaining: 50 })
    expect(await revoke(admin, { namePrefix: 'bulk-' })).toMatchObject({ revoked: 50, remaining: 0 })
    expect(await revoke(admin, { namePrefix: 'bulk-' })).toMatchObject({ revoked: 0, remaining: 0 })
  })

  it("touches nobody else's without keys:admin", async () => {
    await named(['x-1'], eve)
    await named(['x-2'])
    expect((await asked(ada, { ownerId: 'usr_eve' })).errors?.[0]?.extensions?.code).toBe('FORBIDDEN')
    expect(await revoke(ada, { namePrefix: 'x-' })).toMatchObject({ revoked: 1, apiKeys: [{ name: 'x-2' }] })
    expect(await revoke(admin, { ownerId: 'usr_eve' })).toMatchObject({ revoked: 1, apiKeys: [{ name: 'x-1' }] })
  })

  it('names everything that is wrong, and refuses to mean every key', async () => {
    const fieldsOf = async (filter: Record<string, unknown>) => {
      const { errors } = await asked(admin, filter)
      return errors?.[0]?.extensions?.code === 'BAD_USER_INPUT' && Object.keys(errors[0].extensions.fields as object)
    }
    expect(await fieldsOf({})).toEqual(['input.filter'])
    expect(await fieldsOf({ ownerId: null, scope: null })).toEqual(['input.filter'])
    const wrong = {
      ...{
        ownerId: "' OR 1=1 --",
        unusedForDays: 0,
        createdBefore: '2030-02-30T00:00:00Z',
        namePrefix: 'x'.repeat(100_000),
      },
      scope: 'x'.repeat(129),
    }
    expect((await fieldsOf(wrong)) || []).toHaveLength(5)
  })

  it('of a key whose end cannot be announced changes nothing of it, and goes on when asked again', async () => {
    await named(['c-1', 'c-2', 'c-3', 'c-4', 'c-5', 'c-6', 'c-7'])
    let announced = 0
    announcing = async () => {
      announced += 1
      if (announced > 5) throw new Error('the records are gone')
    }
    expect((await asked(ada, { namePrefix: 'c-' })).errors?.length).toBe(1)
    expect(await working()).toBe(2)
    announcing = async () => {}
    expect(await revoke(ada, { namePrefix: 'c-' })).toMatchObject({ revoked: 2, remaining: 0 })
  })
})

describe('a race', () => {
  const rotate = 'mutation ($input: RotateApiKeyInput!) { rotateApiKey(input: $input) { apiKey { id } } }'

  it('with rotations leaves no successor that works once nothing remains', async () => {
    const keys = await named(Array.from({ length: 20 }, (_, at) => `race-${at}`))
    const rotations = keys.map(({ id }) => app.ask(ada, rotate, { input: { id } }))
    let answer = await revoke(ada, { namePrefix: 'race-' })
    await Promise.all(rotations)
    while (answer.remaining > 0) answer = await revoke(ada, { namePrefix: 'race-' })
    expect(await revoke(ada, { namePrefix: 'race-' }, { dryRun: true })).toMatchObject({ remaining: 0 })
    expect(await working()).toBe(0)
  })

  it('with each other ends each key once', async () => {
    await named(Array.from({ length: 30 }, (_, at) => `twice-${at}`))
    await Promise.all(Array.from({ length: 4 }, () => revoke(ada, { namePrefix: 'twice-' })))
    expect(await working()).toBe(0)
    expect(await app.database.prisma.apiKeysAuditRecord.count({ where: { action: 'api-key.revoked' } })).toBe(30)
  })

  it('with new keys ends those that it found, and counts the others as what remains', async () => {
    await named(Array.from({ length: 10 }, (_, at) => `new-${at}`))
    const [answer] = await Promise.all([revoke(ada, { namePrefix: 'new-' }), named(['new-a', 'new-b', 'new-c'])])
    expect(answer.revoked).toBeGreaterThanOrEqual(10)
    expect(await working()).toBe(13 - answer.revoked)
  })
})
