import { parseApiKeyText } from '@latchkey/principal/api-key-text'
import { anApiKey, aUser } from '@latchkey/principal/testing'
import { sameBytes } from '@latchkey/secrets'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningApiKeys, runApiKeys } from '../application.fixture.ts'

let app: RunningApiKeys
beforeAll(async () => {
  app = await runApiKeys()
})
afterAll(() => app.stop())

const ada = aUser({ userId: 'usr_ada' })
const eve = aUser({ userId: 'usr_eve' })
const admin = aUser({ userId: 'usr_root', scopes: ['keys:read', 'keys:write', 'keys:admin', 'profile:read'] })
/** A user whom no other test knows. */
const someone = (name: string) => aUser({ userId: `usr_${name}` })

// Time stands still between a key's making and its end; their names are in the same order.
const auditOf = (target: string) =>
  app.database.prisma.apiKeysAuditRecord.findMany({ where: { target }, orderBy: { action: 'asc' } })
const outboxKinds = async () => (await app.database.prisma.apiKeysOutboxMessage.findMany()).map(({ kind }) => kind)
const codes = (answer: { errors?: readonly { extensions?: Record<string, unknown> }[] }) =>
  answer.errors?.map(({ extensions }) => extensions?.code)

const refusalOf = (making: Promise<unknown>) =>
  making.then(
    () => null,
    (refused: { answer: object }) => codes(refused.answer),
  )

describe('createApiKey', () => {
  it('gives a key whose secret only the MAC beside it knows', async () => {
    const { id, secret: text } = await app.create(ada, { name: 'deploy', scopes: ['keys:read', 'profile:read'] })
    const parsed = parseApiKeyText(text)
    const row = await app.database.prisma.apiKey.findUniqueOrThrow({ where: { id } })

    expect(parsed).toMatchObject({ environment: 'test', keyId: id })
    const mac = app.keyring.macWith('api-key', row.pepperId, text)
    expect(sameBytes(row.secretMac, mac ?? Buffer.alloc(0))).toBe(true)
  })

  it('keeps the secret nowhere: not in a row, not in the audit, not in the outbox', async () => {
    const { secret: text } = await app.create(ada)
    const { prisma } = app.database
    const everything = await Promise.all([
      prisma.apiKey.findMany(),
      prisma.apiKeysAuditRecord.findMany(),
      prisma.apiKeysOutboxMessage.findMany(),
    ])
    const dump = JSON.stringify(everything, (_, value) => (typeof value === 'bigint' ? String(value) : value))
    expect(dump).toContain('usr_ada')
    expect(dump).not.toContain(parseApiKeyText(text)?.secret)
  })

  it('shows what was made', async () => {
    const answer = await app.ask(
      ada,
      `mutation { createApiKey(input: { name: " deploy ", scopes: ["keys:read"], expiresAt: "2030-01-02T00:00:00Z" }) {
        secret apiKey { id name prefix lastFour scopes status createdAt expiresAt revokedAt } } }`,
    )
    const made = answer.data?.createApiKey as { secret: string; apiKey: { id: string } }
    const { id } = made.apiKey
    expect(made.apiKey).toEqual({
      id,
      name: 'deploy',
      prefix: `lk_test_${id}`,
      lastFour: made.secret.slice(-4),
      scopes: ['keys:read'],
      status: 'ACTIVE',
      createdAt: '2030-01-01T00:00:00.000Z',
      expiresAt: '2030-01-02T00:00:00.000Z',
      revokedAt: null,
    })
  })

  it('writes who made it, with the change', async () => {
    const { id } = await app.create(ada, { scopes: ['keys:read'] })
    expect(await auditOf(id)).toMatchObject([
      {
        actorKind: 'user',
        actorId: 'usr_ada',
        action: 'api-key.created',
        outcome: 'done',
        requestId: 'req_test',
        detail: { scopes: ['keys:read'], expiresAt: '2030-04-01T00:00:00.000Z' },
      },
    ])
  })

  it.each([
    [{ scopes: ['keys:reed'] }, 'BAD_USER_INPUT'],
    [{ scopes: ['keys:admin'] }, 'FORBIDDEN'],
    [{ name: '' }, 'BAD_USER_INPUT'],
    [{ expiresAt: '2029-12-31T00:00:00Z' }, 'BAD_USER_INPUT'],
  ])('refuses %j with %s', async (input, code) => {
    expect(await refusalOf(app.create(eve, input))).toEqual([code])
  })

  it('refuses a key as the maker of keys, whatever it holds', async () => {
    const key = anApiKey({ scopes: ['keys:write', 'keys:read', 'keys:admin'] })
    expect(await refusalOf(app.create(key))).toEqual(['FORBIDDEN'])
  })

  it('stops at exactly 100 live keys, however many are asked for at once, and goes on once one has ended', async () => {
    const many = someone('many')
    const first = await app.create(many)
    // In lots: the last one of ninety may wait longer on a busy machine than anybody waits for an answer.
    for (const lot of [30, 30, 29]) await Promise.all(Array.from({ length: lot }, () => app.create(many)))
    const refusals = await Promise.all(Array.from({ length: 30 }, () => refusalOf(app.create(many))))
    expect(refusals.filter((refusal) => refusal === null)).toHaveLength(10)
    expect(refusals.filter((refusal) => refusal?.[0] === 'CONFLICT')).toHaveLength(20)
    expect(await app.database.prisma.apiKey.count({ where: { ownerId: 'usr_many' } })).toBe(100)

    await app.revoke(many, first.id)
    await expect(app.create(many)).resolves.toMatchObject({ id: expect.any(String) })
    await expect(app.create(many)).rejects.toThrow('100 keys')
  })
})

describe('revokeApiKey', () => {
  it('ends the key for ever and keeps the row, with the reason, which the record does not repeat', async () => {
    const { id } = await app.create(ada)
    const answer = await app.revoke(ada, id)
    expect(answer).toEqual({
      data: { revokeApiKey: { apiKey: { id, status: 'REVOKED', revokedAt: '2030-01-01T00:00:00.000Z' } } },
    })
    expect(await app.database.prisma.apiKey.findUnique({ where: { id } })).toMatchObject({
      revokedReason: 'test',
      version: 2,
    })
    expect((await auditOf(id)).map(({ action, detail }) => [action, detail])).toEqual([
      ['api-key.created', expect.anything()],
      ['api-key.revoked', {}],
    ])
    expect(await outboxKinds()).toContain('api-key.revoked')
  })

  it('happens once, however many ask at once, and tells each of them the same', async () => {
    const { id } = await app.create(ada)
    const answers = await Promise.all(Array.from({ length: 50 }, () => app.revoke(ada, id)))
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
    expect(codes(answers[0] ?? {})).toBeUndefined()
    expect((await auditOf(id)).filter(({ action }) => action === 'api-key.revoked')).toHaveLength(1)
    expect(await app.database.prisma.apiKey.findUnique({ where: { id } })).toMatchObject({ version: 2 })
  })

  it("reads the same for another's key and for one that never was, and changes nothing", async () => {
    const { id } = await app.create(ada)
    const [foreign, unknown] = [await app.revoke(eve, id), await app.revoke(eve, 'NoSuchKey123')]
    expect(codes(foreign)).toEqual(['NOT_FOUND'])
    expect(foreign).toEqual(unknown)
    expect(await app.database.prisma.apiKey.findUnique({ where: { id } })).toMatchObject({
      revokedAt: null,
      version: 1,
    })
    expect(await auditOf(id)).toHaveLength(1)
  })

  it("ends anybody's key for an administrator, and says who did it", async () => {
    const { id } = await app.create(ada)
    expect(codes(await app.revoke(admin, id))).toBeUndefined()
    expect((await auditOf(id)).at(-1)).toMatchObject({ actorId: 'usr_root', action: 'api-key.revoked' })
  })

  it('lets a key end itself, and tells it which one ended though it may not read keys', async () => {
    const { id } = await app.create(ada)
    const itself = anApiKey({ keyId: id, ownerId: 'usr_ada', scopes: ['keys:write'] })
    const answer = await app.ask(itself, `mutation { revokeApiKey(input: { id: "${id}" }) { apiKey { id } } }`)
    expect(answer).toEqual({ data: { revokeApiKey: { apiKey: { id } } } })
    expect((await auditOf(id)).at(-1)).toMatchObject({ actorKind: 'apiKey', actorId: id })
  })
})
