import { dayMs, hourMs, secondMs } from '@latchkey/clock'
import type { Principal } from '@latchkey/principal'
import { parseApiKeyText } from '@latchkey/principal/api-key-text'
import { anApiKey, aUser } from '@latchkey/principal/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type RunningApiKeys, runApiKeys } from '../application.fixture.ts'

const ada = aUser({ userId: 'usr_ada' })
const eve = aUser({ userId: 'usr_eve' })
const admin = aUser({ userId: 'usr_root', scopes: ['keys:admin', 'keys:read'] })

const shown = 'id name description metadata scopes status expiresAt disabledAt successor { id }'
const update = `mutation ($input: UpdateApiKeyInput!) { updateApiKey(input: $input) { apiKey { ${shown} } } }`
const rotate = `mutation ($input: RotateApiKeyInput!) { rotateApiKey(input: $input) { secret apiKey { ${shown} } } }`
const turn = (to: 'disable' | 'enable') => `mutation ($id: ID!) { ${to}ApiKey(id: $id) { apiKey { ${shown} } } }`

let app: RunningApiKeys
beforeEach(async () => {
  app = await runApiKeys()
})
afterEach(() => app.stop())

const recordOf = async (id: string) => (await app.records.apiKey(id)).key
const auditOf = async (target: string) =>
  (await app.database.prisma.apiKeysAuditRecord.findMany({ where: { target } })).map(({ action }) => action).sort()
const levelIn = (detail: unknown) => (detail as { persistedOperations?: string }).persistedOperations
const codeOf = async (asking: Promise<{ errors?: readonly { extensions?: Record<string, unknown> }[] }>) =>
  (await asking).errors?.[0]?.extensions?.code
const field = <Value>({ data }: { data?: Record<string, unknown> | null }, name: string): Value => data?.[name] as Value
const rotated = async (principal: Principal, input: object) =>
  field<{ secret: string; apiKey: { id: string; expiresAt: string } }>(
    await app.ask(principal, rotate, { input }),
    'rotateApiKey',
  )

describe('updateApiKey', () => {
  it('changes what is named and leaves the rest, with the next request', async () => {
    const { id } = await app.create(ada, { name: 'ci', scopes: ['keys:read', 'profile:read'], description: 'nightly' })
    const input = { id, name: 'cd', scopes: ['profile:read'], metadata: '{"team":"billing"}' }
    expect((await app.ask(ada, update, { input })).data).toEqual({
      updateApiKey: {
        apiKey: {
          ...{ id, name: 'cd', description: 'nightly', metadata: '{"team":"billing"}', scopes: ['profile:read'] },
          ...{ status: 'ACTIVE', expiresAt: '2030-04-01T00:00:00.000Z', disabledAt: null, successor: null },
        },
      },
    })
    expect(await recordOf(id)).toMatchObject({ version: 2, scopes: ['profile:read'] })
    expect(await auditOf(id)).toEqual(['api-key.created', 'api-key.updated'])
  })

  it('holds a key to registered operations and lets go of it again, each on record, and its successor keeps it', async () => {
    const { id } = await app.create(ada, { persistedOperations: 'SAFELIST' })
    const levels = async (input: object) => {
      const query = update.replace('id name', 'id persistedOperations name')
      const changed = field<{ apiKey: { persistedOperations: string | null } }>(
        await app.ask(ada, query, { input: { id, ...input } }),
        'updateApiKey',
      )
      return [changed.apiKey.persistedOperations, (await recordOf(id))?.confinement?.persistedOperations]
    }
    expect(await levels({ name: 'cd' })).toEqual(['SAFELIST', 'SAFELIST'])
    expect(await levels({ persistedOperations: null })).toEqual(['SAFELIST', 'SAFELIST'])
    expect(await levels({ persistedOperations: 'IDS_ONLY' })).toEqual(['IDS_ONLY', 'IDS_ONLY'])
    const next = (await rotated(ada, { id })).apiKey.id
    expect((await recordOf(next))?.confinement).toEqual({ persistedOperations: 'IDS_ONLY' })
    expect(await levels({ persistedOperations: 'OFF' })).toEqual([null, undefined])
    const records = await app.database.prisma.apiKeysAuditRecord.findMany({
      where: { target: id },
      orderBy: { id: 'asc' },
    })
    expect(records.map(({ detail }) => levelIn(detail)).sort()).toEqual(
      ['SAFELIST', 'SAFELIST', 'SAFELIST', 'IDS_ONLY', 'OFF', undefined].sort(),
    )
  })

  it('takes a level from nobody but its owner, and none that there is not', async () => {
    const { id } = await app.create(ada, { persistedOperations: 'IDS_ONLY' })
    const off = { id, persistedOperations: 'OFF' }
    for (const somebody of [eve, admin, anApiKey({ keyId: id, ownerId: 'usr_ada', scopes: ['keys:write'] })])
      expect(await codeOf(app.ask(somebody, update, { input: off }))).toMatch(/NOT_FOUND|FORBIDDEN/)
    expect(await codeOf(app.ask(ada, update, { input: { id, persistedOperations: 'off' } }))).toBe('BAD_USER_INPUT')
    expect((await recordOf(id))?.confinement).toEqual({ persistedOperations: 'IDS_ONLY' })
  })

  it('keeps a scope that the owner has lost meanwhile, and adds none that they do not hold', async () => {
    const { id } = await app.create(ada, { scopes: ['keys:read', 'profile:read'] })
    const demoted = aUser({ userId: 'usr_ada', scopes: ['keys:read', 'keys:write'] })
    expect(await codeOf(app.ask(demoted, update, { input: { id, name: 'cd' } }))).toBeUndefined()
    const more = { id, scopes: ['keys:read', 'keys:admin'] }
    expect(await codeOf(app.ask(demoted, update, { input: more }))).toBe('FORBIDDEN')
    expect(await recordOf(id)).toMatchObject({ scopes: ['keys:read', 'profile:read'] })
  })

  it('names everything that is wrong at once, and changes nothing', async () => {
    const { id } = await app.create(ada)
    const input = { id, name: '', scopes: ['nope:read'], expiresAt: '2035-01-01T00:00:00Z', metadata: '[]' }
    const { errors } = await app.ask(ada, update, { input })
    expect(errors?.[0]?.extensions).toMatchObject({
      code: 'BAD_USER_INPUT',
      fields: {
        'input.name': expect.any(String),
        'input.scopes': expect.stringContaining('nope:read'),
        'input.expiresAt': 'must be at most 365 days from now',
        'input.metadata': expect.any(String),
      },
    })
    expect(await recordOf(id)).toMatchObject({ version: 1 })
  })
})

describe('disableApiKey and enableApiKey', () => {
  it('set a key aside and take it up again, each with the next request', async () => {
    const { id } = await app.create(ada)
    expect((await app.ask(ada, turn('disable'), { id })).data).toMatchObject({
      disableApiKey: { apiKey: { status: 'DISABLED', disabledAt: '2030-01-01T00:00:00.000Z' } },
    })
    expect(await recordOf(id)).toMatchObject({ disabledAtMs: Date.parse('2030-01-01T00:00:00Z') })
    expect((await app.ask(ada, turn('enable'), { id })).data).toMatchObject({
      enableApiKey: { apiKey: { status: 'ACTIVE', disabledAt: null } },
    })
    expect(await recordOf(id)).toMatchObject({ disabledAtMs: null, version: 3 })
  })

  it('change nothing the second time', async () => {
    const { id } = await app.create(ada)
    await Promise.all(Array.from({ length: 20 }, () => app.ask(ada, turn('disable'), { id })))
    expect(await recordOf(id)).toMatchObject({ version: 2 })
    expect(await auditOf(id)).toEqual(['api-key.created', 'api-key.disabled'])
  })

  it('take a disabled key out of what acts for the person, and leave it among all keys', async () => {
    const { id } = await app.create(ada)
    await app.ask(ada, turn('disable'), { id })
    const mine = `{ apiKeys { nodes { id status } } _entities(representations: [{ __typename: "User", id: "usr_ada" }]) {
      ... on User { apiKeys { id } } } }`
    expect((await app.ask(ada, mine)).data).toEqual({
      apiKeys: { nodes: [{ id, status: 'DISABLED' }] },
      _entities: [{ apiKeys: [] }],
    })
    const disabled = '{ apiKeys(filter: { status: DISABLED }) { nodes { id } } }'
    expect((await app.ask(ada, disabled)).data).toEqual({ apiKeys: { nodes: [{ id }] } })
  })

  it('are an administrator’s too, for what administrators have set aside', async () => {
    const { id } = await app.create(ada)
    expect(await codeOf(app.ask(admin, turn('disable'), { id }))).toBeUndefined()
    expect(await recordOf(id)).toMatchObject({ version: 2 })
    const colleague = { ...admin, userId: 'usr_colleague' }
    expect(await codeOf(app.ask(colleague, turn('enable'), { id }))).toBeUndefined()
    expect(await recordOf(id)).toMatchObject({ version: 3, disabledAtMs: null })
  })

  it.each([
    ['its owner alone', async (id: string) => app.ask(ada, turn('disable'), { id })],
    [
      'its owner after an administrator',
      async (id: string) => {
        await app.ask(admin, turn('disable'), { id })
        app.clock.advance(1)
        await app.ask(ada, turn('disable'), { id })
      },
    ],
    [
      'its owner, and once more by an administrator',
      async (id: string) => {
        await app.ask(ada, turn('disable'), { id })
        app.clock.advance(1)
        await app.ask(admin, turn('disable'), { id })
      },
    ],
    [
      'nobody who is on record',
      (id: string) => app.database.prisma.apiKey.update({ where: { id }, data: { disabledAt: app.clock.now() } }),
    ],
  ])('revive nothing that was set aside by %s, when an administrator asks', async (_, setAside) => {
    const { id } = await app.create(ada)
    await setAside(id)
    app.clock.advance(1)
    expect(await codeOf(app.ask(admin, turn('enable'), { id }))).toBe('FORBIDDEN')
    expect(await app.database.prisma.apiKey.findUnique({ where: { id } })).toMatchObject({
      disabledAt: expect.any(Date),
    })
    expect(await codeOf(app.ask(ada, turn('enable'), { id }))).toBeUndefined()
    expect(await recordOf(id)).toMatchObject({ disabledAtMs: null })
  })
})

describe('rotateApiKey', () => {
  it('leads from each key to the other', async () => {
    const old = await app.create(ada)
    const next = await rotated(ada, { id: old.id })
    const query = 'query ($id: ID!) { apiKey(id: $id) { predecessor { id } successor { id } } }'
    const between = async (id: string) => (await app.ask(ada, query, { id })).data?.apiKey
    expect(await between(old.id)).toEqual({ predecessor: null, successor: { id: next.apiKey.id } })
    expect(await between(next.apiKey.id)).toEqual({ predecessor: { id: old.id }, successor: null })
  })

  it('puts a new key in the place of the old one, which goes on for the overlap', async () => {
    const old = await app.create(ada, { name: 'ci', scopes: ['profile:read'], metadata: '{"a":1}', description: 'x' })
    app.clock.advance(10 * dayMs)
    const next = await rotated(ada, { id: old.id, overlap: 3_600 })
    expect(parseApiKeyText(next.secret)).toMatchObject({ keyId: next.apiKey.id })
    expect(next.apiKey).toMatchObject({
      ...{ name: 'ci', scopes: ['profile:read'], metadata: '{"a":1}', description: 'x', status: 'ACTIVE' },
      expiresAt: '2030-04-11T00:00:00.000Z',
    })
    const at = (await recordOf(old.id))?.expiresAtMs
    expect(at).toBe(app.clock.now().getTime() + hourMs)
    const followed = `{ apiKey(id: "${old.id}") { status successor { id } } }`
    expect((await app.ask(ada, followed)).data).toEqual({
      apiKey: { status: 'ACTIVE', successor: { id: next.apiKey.id } },
    })
    app.clock.advance(hourMs)
    expect((await app.ask(ada, followed)).data).toMatchObject({ apiKey: { status: 'EXPIRED' } })
    expect([await auditOf(old.id), await auditOf(next.apiKey.id)]).toEqual([
      ['api-key.created', 'api-key.rotated'],
      ['api-key.created'],
    ])
  })

  it('ends the old key at once when it has leaked', async () => {
    const { id } = await app.create(ada)
    await rotated(ada, { id, overlap: 0 })
    expect((await recordOf(id))?.expiresAtMs).toBe(app.clock.now().getTime())
  })

  it('lets the old key never outlive its own end', async () => {
    const { id } = await app.create(ada, { expiresAt: '2030-01-01T01:00:00Z' })
    await rotated(ada, { id })
    expect((await recordOf(id))?.expiresAtMs).toBe(Date.parse('2030-01-01T01:00:00Z'))
  })

  it('happens once, however many ask at once', async () => {
    const { id } = await app.create(ada)
    const answers = await Promise.all(Array.from({ length: 200 }, () => app.ask(ada, rotate, { input: { id } })))
    expect(answers.filter(({ errors }) => !errors)).toHaveLength(1)
    // Who waited too long for the one before is told so: as good a refusal, and the key is rotated once.
    for (const { errors } of answers)
      expect(['CONFLICT', 'UNAVAILABLE', undefined]).toContain(errors?.[0]?.extensions?.code)
    expect(await app.database.prisma.apiKey.count({ where: { ownerId: 'usr_ada' } })).toBe(2)
  })

  it('makes no more live keys than a person may have, and says how to go on', async () => {
    const first = await app.create(ada)
    for (let live = 1; live < 100; live += 1) await app.create(ada)
    const input = { id: first.id }
    const { errors } = await app.ask(ada, rotate, { input })
    expect([errors?.[0]?.extensions?.code, errors?.[0]?.message]).toEqual([
      'CONFLICT',
      expect.stringContaining('overlap: 0'),
    ])
    expect((await recordOf(first.id))?.version).toBe(1)
    expect((await rotated(ada, { ...input, overlap: 0 })).apiKey.id).toEqual(expect.any(String))
  })

  it.each([-1, 30 * (dayMs / secondMs) + 1])('refuses an overlap of %i seconds', async (overlap) => {
    const { id } = await app.create(ada)
    expect(await codeOf(app.ask(ada, rotate, { input: { id, overlap } }))).toBe('BAD_USER_INPUT')
  })
})

type Asking = readonly [query: string, variables: Record<string, unknown>]
const changes: Readonly<Record<string, (id: string) => Asking>> = {
  updateApiKey: (id) => [update, { input: { id, name: 'x' } }],
  disableApiKey: (id) => [turn('disable'), { id }],
  enableApiKey: (id) => [turn('enable'), { id }],
  rotateApiKey: (id) => [rotate, { input: { id } }],
}

describe.each(Object.entries(changes))('%s', (_name, change) => {
  it("reads the same for another's key and for one that never was, and changes nothing", async () => {
    const { id } = await app.create(ada)
    const foreign = await app.ask(eve, ...change(id))
    expect(foreign).toEqual(await app.ask(eve, ...change('NoSuchKey123')))
    expect(await codeOf(Promise.resolve(foreign))).toBe('NOT_FOUND')
    expect(await recordOf(id)).toMatchObject({ version: 1 })
  })

  it('refuses a key that has ended', async () => {
    const { id } = await app.create(ada)
    await app.revoke(ada, id)
    expect(await codeOf(app.ask(ada, ...change(id)))).toBe('CONFLICT')
  })

  it('is not for keys, whatever they hold', async () => {
    const { id } = await app.create(ada)
    const key = anApiKey({ keyId: id, ownerId: 'usr_ada', scopes: ['keys:read', 'keys:write', 'keys:admin'] })
    expect(await codeOf(app.ask(key, ...change(id)))).toBe('FORBIDDEN')
  })
})

it.each(['updateApiKey', 'rotateApiKey'])('%s is not for an administrator', async (name) => {
  const { id } = await app.create(ada)
  const mighty = aUser({ userId: 'usr_root', scopes: ['keys:admin', 'keys:read', 'keys:write'] })
  const asking = changes[name]?.(id) ?? expect.fail(name)
  expect(await codeOf(app.ask(mighty, ...asking))).toBe('NOT_FOUND')
})
