import { aUser } from '@latchkey/principal/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type RunningApiKeys, runApiKeys } from '../application.fixture.ts'

let app: RunningApiKeys
beforeAll(async () => {
  app = await runApiKeys()
})
afterAll(() => app.stop())

const service = 'svc_nightly'
const everything = ['keys:read', 'keys:write', 'keys:admin', 'orders:read', 'profile:read']
const admin = aUser({ userId: 'usr_root', scopes: everything })
const keysOnly = aUser({ userId: 'usr_keys', scopes: ['keys:read', 'keys:write', 'keys:admin'] })
const ordinary = aUser({ userId: 'usr_ada', scopes: ['keys:read', 'keys:write', 'orders:read'] })
beforeEach(() => {
  app.users.state = 'up'
  app.users.accounts.set(service, true)
})

const create = `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { apiKey { id scopes owner { id } } secret } }`
const rotate = `mutation ($input: RotateApiKeyInput!) { rotateApiKey(input: $input) { apiKey { id owner { id } } secret } }`
const update = `mutation ($input: UpdateApiKeyInput!) { updateApiKey(input: $input) { apiKey { name scopes } } }`
type Asker = typeof admin
const codeOf = async (by: Asker, query: string, input: Record<string, unknown>) =>
  (await app.ask(by, query, { input })).errors?.[0]?.extensions?.code ?? 'ok'
const make = (by: Asker, more: Record<string, unknown> = {}) =>
  codeOf(by, create, { name: 'job', scopes: ['orders:read'], ownerId: service, ...more })
const ofService = () => app.create(admin, { scopes: ['orders:read'], ownerId: service })

describe('a key for a service account', () => {
  it('belongs to it, and who made it is on record', async () => {
    const { data } = await app.ask(admin, create, { input: { name: 'job', scopes: ['orders:read'], ownerId: service } })
    const { apiKey } = (data as { createApiKey: { apiKey: { id: string; owner: { id: string } } } }).createApiKey
    expect(apiKey.owner).toEqual({ id: service })
    const record = await app.database.prisma.apiKeysAuditRecord.findFirst({ where: { target: apiKey.id } })
    expect(record).toMatchObject({ actorId: 'usr_root', action: 'api-key.created', detail: { ownerId: service } })
    expect(await app.records.apiKey(apiKey.id)).toMatchObject({ key: { ownerId: service } })
  })

  it.each([
    ['an administrator of keys', admin, {}, 'ok'],
    ['somebody who is none', ordinary, {}, 'FORBIDDEN'],
    ['one who lacks the scope', keysOnly, {}, 'FORBIDDEN'],
    ['one who asks for a scope that is none', admin, { scopes: ['nothing:here'] }, 'BAD_USER_INPUT'],
    ['one who names no account', admin, { ownerId: 'svc_unknown' }, 'NOT_FOUND'],
    ['one who names nonsense', admin, { ownerId: "svc_' OR 1=1" }, 'NOT_FOUND'],
    ['one who names a person', admin, { ownerId: 'usr_ada' }, 'FORBIDDEN'],
    ['one who names themselves', admin, { ownerId: 'usr_root' }, 'ok'],
  ] as const)('made by %s is %#', async (_, by, more, expected) => {
    expect(await make(by, more)).toBe(expected)
  })

  it('is not made for an account that is suspended, nor while nobody can say', async () => {
    app.users.accounts.set(service, false)
    expect(await make(admin)).toBe('CONFLICT')
    app.users.state = 'down'
    expect(await make(admin)).toBe('UNAVAILABLE')
  })

  it('is one of at most a hundred, however many are asked for at once', async () => {
    app.users.accounts.set('svc_many', true)
    const { id } = await app.create(admin, { scopes: ['orders:read'], ownerId: 'svc_many' })
    const { id: _, ...row } = await app.database.prisma.apiKey.findUniqueOrThrow({
      where: { id },
      omit: { metadata: true, confinement: true },
    })
    const data = Array.from({ length: 94 }, (_, at) => ({ ...row, id: `many${String(at).padStart(8, '0')}` }))
    await app.database.prisma.apiKey.createMany({ data })
    const codes = await Promise.all(Array.from({ length: 12 }, () => make(admin, { ownerId: 'svc_many' })))
    expect(codes.filter((code) => code === 'ok')).toHaveLength(5)
    expect(codes.filter((code) => code === 'CONFLICT')).toHaveLength(7)
  })
})

describe('of a key of a service account', () => {
  it('an administrator changes what it holds, within what they hold themselves', async () => {
    const { id } = await ofService()
    expect(await codeOf(admin, update, { id, name: 'renamed', scopes: ['orders:read', 'profile:read'] })).toBe('ok')
    expect(await codeOf(keysOnly, update, { id, scopes: ['sessions:read'] })).toBe('FORBIDDEN')
    expect(await codeOf(keysOnly, update, { id, scopes: ['orders:read'] })).toBe('ok')
  })

  it('an administrator gets a successor, and its secret only if they hold what it holds', async () => {
    const { id } = await ofService()
    expect(await codeOf(keysOnly, rotate, { id })).toBe('FORBIDDEN')
    const { data } = await app.ask(admin, rotate, { input: { id } })
    expect(data).toMatchObject({ rotateApiKey: { apiKey: { owner: { id: service } } } })
  })

  it('somebody who is none sees, changes and ends nothing', async () => {
    const { id } = await ofService()
    expect(await codeOf(ordinary, update, { id, name: 'mine' })).toBe('NOT_FOUND')
    expect(await codeOf(ordinary, rotate, { id })).toBe('NOT_FOUND')
    expect((await app.revoke(ordinary, id)).errors?.[0]?.extensions?.code).toBe('NOT_FOUND')
    expect((await app.revoke(admin, id)).data).toMatchObject({ revokeApiKey: { apiKey: { status: 'REVOKED' } } })
  })
})

it('leaves the keys of people to them: an administrator neither changes nor rotates one', async () => {
  const { id } = await app.create(ordinary, { scopes: ['orders:read'] })
  expect(await codeOf(admin, update, { id, name: 'taken over' })).toBe('NOT_FOUND')
  expect(await codeOf(admin, rotate, { id })).toBe('NOT_FOUND')
  expect(await codeOf(ordinary, rotate, { id })).toBe('ok')
})

it('is rotated by exactly one of many administrators', async () => {
  const { id } = await ofService()
  const codes = await Promise.all(Array.from({ length: 20 }, () => codeOf(admin, rotate, { id })))
  expect(codes.filter((code) => code === 'ok')).toHaveLength(1)
  expect(codes.filter((code) => code === 'CONFLICT')).toHaveLength(19)
})
