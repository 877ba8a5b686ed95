import { anonymous, type Principal } from '@latchkey/principal'
import { anApiKey, aService, aUser } from '@latchkey/principal/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningApiKeys, runApiKeys } from '../application.fixture.ts'

const users = aService('users')
const eraseUser = 'mutation ($userId: ID!) { eraseUser(userId: $userId) { holder userId forgotten } }'
const personalData = 'query ($userId: ID!) { personalData(userId: $userId) { holder document } }'

let app: RunningApiKeys
beforeAll(async () => {
  app = await runApiKeys()
})
afterAll(() => app.stop())

const erase = async (userId: string) => {
  const { data } = await app.ask(users, eraseUser, { userId })
  return data?.eraseUser as { holder: string; userId: string; forgotten: number }
}
const rowsOf = (ownerId: string) => app.database.prisma.apiKey.findMany({ where: { ownerId } })

const refused: readonly (readonly [string, Principal, string])[] = [
  ['nobody', anonymous, 'UNAUTHENTICATED'],
  ['the owner', aUser({ userId: 'usr_ada' }), 'FORBIDDEN'],
  ['an administrator', aUser({ userId: 'usr_root', scopes: ['keys:admin', 'users:write'] }), 'FORBIDDEN'],
  ['a key', anApiKey({ ownerId: 'usr_ada' }), 'FORBIDDEN'],
  ['the gateway', aService('gateway', ['keys:admin']), 'FORBIDDEN'],
  ['sessions', aService('sessions'), 'FORBIDDEN'],
]

describe('an owner', () => {
  it.each(refused)('is neither shown to nor forgotten for %s', async (_, principal, code) => {
    const { id } = await app.create(aUser({ userId: 'usr_ada' }))
    for (const query of [personalData, eraseUser]) {
      const { errors } = await app.ask(principal, query, { userId: 'usr_ada' })
      expect(errors?.map(({ extensions }) => extensions?.code)).toEqual([code])
    }
    expect(await app.database.prisma.apiKey.findUnique({ where: { id } })).toMatchObject({ revokedAt: null })
  })

  it('is shown whole, without a secret', async () => {
    const { id, secret } = await app.create(aUser({ userId: 'usr_shown' }), { name: 'the payroll' })
    const { data } = await app.ask(users, personalData, { userId: 'usr_shown' })
    const { holder, document } = (data as { personalData: { holder: string; document: string } }).personalData
    expect([holder, JSON.parse(document).apiKeys]).toMatchObject(['api-keys', [{ id, name: 'the payroll' }]])
    expect(document).not.toContain(secret.slice(20))
    expect(document).not.toMatch(/"\w*(?:mac|pepper)\w*":/i)
  })

  it('is forgotten: keys end, words are emptied, rows and records stay as pseudonyms, copies are gone', async () => {
    const owner = aUser({ userId: 'usr_gone' })
    const live = await app.create(owner, { name: 'Gone Person’s laptop' })
    const words = { description: 'Gone Person wrote this', metadata: '{"room":"Gone Person’s"}' }
    await app.ask(owner, 'mutation ($input: UpdateApiKeyInput!) { updateApiKey(input: $input) { apiKey { id } } }', {
      input: { id: live.id, ...words },
    })
    expect((await rowsOf('usr_gone'))[0]).toMatchObject({ description: words.description })
    const ended = await app.create(owner, { name: 'old' })
    await app.revoke(owner, ended.id)
    expect((await app.records.apiKey(live.id)).key).not.toBeNull()
    expect(await erase('usr_gone')).toEqual({ holder: 'api-keys', userId: 'usr_gone', forgotten: 2 })
    const rows = await rowsOf('usr_gone')
    expect(rows.map(({ name, revokedReason, revokedAt }) => [name, revokedReason, revokedAt !== null])).toEqual([
      ['', null, true],
      ['', null, true],
    ])
    expect(JSON.stringify(rows.map(({ description, metadata }) => [description, metadata]))).toBe('[["",{}],["",{}]]')
    const records = await app.database.prisma.apiKeysAuditRecord.findMany()
    expect(JSON.stringify(records)).not.toMatch(/Gone Person/)
    for (const { id } of [live, ended]) {
      expect(await app.records.apiKey(id)).toEqual({ key: null, grants: null })
      const asked = await app.ask(aService('gateway'), `{ apiKeyRecord(id: "${id}") { keyId } }`)
      expect(asked.data).toEqual({ apiKeyRecord: null })
      expect((await app.records.apiKey(id)).key).toBeNull()
    }
    expect((await erase('usr_gone')).forgotten).toBe(0)
  })

  it('is forgotten with what was noted of their keys, and nobody else is', async () => {
    const [gone, other] = [
      await app.create(aUser({ userId: 'usr_noted' })),
      await app.create(aUser({ userId: 'usr_kept' })),
    ]
    const { prisma } = app.database
    const at = app.clock.now()
    for (const { id: keyId } of [gone, other]) {
      await prisma.keyUses.create({ data: { keyId, issue: 1, periodMs: 0, spent: 3, writtenAt: at } })
      await prisma.keyNotice.create({ data: { keyId, kind: 'expires-3', expiresAt: at, writtenAt: at } })
      await prisma.staleAccess.create({ data: { keyId, since: at, missing: ['Order.total'] } })
    }
    await erase('usr_noted')
    const where = { keyId: { in: [gone.id, other.id] } }
    const left = [
      await prisma.keyUses.findMany({ where }),
      await prisma.keyNotice.findMany({ where }),
      await prisma.staleAccess.findMany({ where }),
    ]
    expect(left.map((rows) => rows.map(({ keyId }) => keyId))).toEqual([[other.id], [other.id], [other.id]])
    // What is noted while they are forgotten goes with the second pass.
    await prisma.keyUses.create({ data: { keyId: gone.id, issue: 1, periodMs: 0, spent: 4, writtenAt: at } })
    expect((await erase('usr_noted')).forgotten).toBe(0)
    expect(await prisma.keyUses.count({ where: { keyId: gone.id } })).toBe(0)
  })

  it('who makes keys while being forgotten has no living one afterwards, and makes none later', async () => {
    const owner = aUser({ userId: 'usr_racing' })
    const making = Array.from({ length: 20 }, () => app.create(owner, { name: 'born late' }).catch(() => null))
    const erasing = Array.from({ length: 3 }, () => erase('usr_racing'))
    await Promise.all([...making, ...erasing])
    expect((await rowsOf('usr_racing')).filter(({ name, revokedAt }) => name !== '' || !revokedAt)).toEqual([])
    const late = await app.ask(
      owner,
      'mutation { createApiKey(input: { name: "x", scopes: ["keys:read"] }) { secret } }',
    )
    expect(late.errors?.[0]?.extensions?.code).toBe('CREDENTIAL_REJECTED')
  })

  it('who rotates keys while being forgotten has no living successor afterwards, and nobody waits for ever', async () => {
    const owner = aUser({ userId: 'usr_rotating' })
    const keys = await Promise.all(Array.from({ length: 10 }, () => app.create(owner, { name: 'rotating' })))
    const rotate = ({ id }: { id: string }) =>
      app.ask(owner, 'mutation ($input: RotateApiKeyInput!) { rotateApiKey(input: $input) { apiKey { id } } }', {
        input: { id },
      })
    const [answers] = await Promise.all([Promise.all(keys.map(rotate)), erase('usr_rotating'), erase('usr_rotating')])
    const codes = answers.flatMap(({ errors }) => errors?.map(({ extensions }) => extensions?.code) ?? [])
    expect(codes.filter((code) => code !== 'CONFLICT' && code !== 'NOT_FOUND')).toEqual([])
    expect((await rowsOf('usr_rotating')).filter(({ name, revokedAt }) => name !== '' || !revokedAt)).toEqual([])
  })
})
