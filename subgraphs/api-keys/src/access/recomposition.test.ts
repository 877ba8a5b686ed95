import { aUser } from '@latchkey/principal/testing'
import { readPublicGraph } from '@latchkey/public-graph'
import { createLogger } from '@latchkey/telemetry'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { graphSdl, type RunningApiKeys, runApiKeys } from '../application.fixture.ts'

const ada = aUser({ userId: 'usr_ada' })
const eve = aUser({ userId: 'usr_eve' })
const withoutTotal = graphSdl.replace('total: Int', '')
const withTax = graphSdl.replace('total: Int', 'total: Int tax(rate: Int): Int')
const access = { allow: ['Query.orders(customerId:)', 'Order.*'], deny: ['Order.internalNotes'] }

const shown = 'id access { allow deny accepted stale pending } operations'
const read = `query ($id: ID!) { apiKey(id: $id) { ${shown} } }`
const listStale = 'query ($stale: Boolean!) { apiKeys(filter: { stale: $stale }) { nodes { id } } }'
const update = `mutation ($input: UpdateApiKeyInput!) { updateApiKey(input: $input) { apiKey { ${shown} } } }`
const accept = `mutation ($input: AcceptApiKeyFieldsInput!) { acceptApiKeyFields(input: $input) { apiKey { ${shown} } } }`
const rotate =
  'mutation ($input: RotateApiKeyInput!) { rotateApiKey(input: $input) { apiKey { id access { pending } } } }'
const revoke = 'mutation ($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) { apiKey { id } } }'

let app: RunningApiKeys
let log: string
beforeEach(async () => {
  log = ''
  const destination = {
    write(line: string) {
      log += line
    },
  }
  app = await runApiKeys({ logger: createLogger({ level: 'warn', service: 'test', destination }) })
})
afterEach(() => app.stop())

// biome-ignore lint/suspicious/noExplicitAny: a test reads whatever it asked for
const dataOf = async (query: string, variables: object, by = ada): Promise<any> => {
  const { data, errors } = await app.ask(by, query, { ...variables })
  if (errors) throw new Error(JSON.stringify(errors))
  return data
}
const accessOf = async (id: string) => (await dataOf(read, { id })).apiKey.access
const staleIds = async (stale = true) =>
  (await dataOf(listStale, { stale })).apiKeys.nodes.map(({ id }: { id: string }) => id).sort()
const auditOf = (target: string, action: string) =>
  app.database.prisma.apiKeysAuditRecord.findMany({ where: { target, action } })
const faultsOf = async (query: string, input: object, by = ada) => {
  const { errors } = await app.ask(by, query, { input })
  return errors?.[0]?.extensions
}
const recordOf = async (id: string) => (await app.records.apiKey(id)).key

describe('a key with an access list', () => {
  it('shows it, and tells every process what it came to', async () => {
    const { id } = await app.create(ada, { access, operations: ['b'.repeat(64)] })
    const accepted = [
      'Query.orders',
      'Query.orders(customerId:)',
      'Order.id',
      'Order.total',
      'Order.lines',
      'Order.lines(first:)',
    ]
    expect((await dataOf(read, { id })).apiKey).toEqual({
      id,
      access: { ...access, accepted, stale: [], pending: [] },
      operations: ['b'.repeat(64)],
    })
    expect((await recordOf(id))?.confinement).toMatchObject({ access: { accepted, denied: ['Order.internalNotes'] } })
    expect((await dataOf(read, { id: (await app.create(ada)).id })).apiKey).toMatchObject({
      access: null,
      operations: null,
    })
  })

  it('is refused when it names what the schema does not have, and nothing is made', async () => {
    const wrong = { name: 'ci', scopes: ['keys:read'], access: { allow: ['Query.ordrs'] }, operations: ['x'] }
    const create = 'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret } }'
    expect(await faultsOf(create, wrong)).toMatchObject({
      code: 'BAD_USER_INPUT',
      fields: { 'input.access.allow': expect.stringContaining('Query.orders'), 'input.operations': expect.any(String) },
    })
    expect(await app.database.prisma.apiKey.count()).toBe(0)
  })

  it('keeps it through changes of other things and through a rotation, and loses it only when that is said', async () => {
    const { id } = await app.create(ada, { access })
    const renamed = (await dataOf(update, { input: { id, name: 'cd' } })).updateApiKey.apiKey
    expect(renamed.access.allow).toEqual(access.allow)
    const narrower = (await dataOf(update, { input: { id, access: { allow: ['Order.id'], deny: [] } } })).updateApiKey
      .apiKey
    expect(narrower.access).toMatchObject({ allow: ['Order.id'], deny: [], accepted: ['Order.id'] })
    const next = (await dataOf(rotate, { input: { id, overlap: 60 } })).rotateApiKey.apiKey
    expect((await recordOf(next.id))?.confinement?.access?.accepted).toEqual(['Order.id'])
    expect(await faultsOf(update, { id: next.id, access: { allow: [] } })).toMatchObject({ code: 'BAD_USER_INPUT' })
    const freed = (await dataOf(update, { input: { id: next.id, access: { allow: [], deny: [] } } })).updateApiKey
      .apiKey
    expect(freed.access).toBeNull()
    expect((await recordOf(next.id))?.confinement?.access).toBeUndefined()
  })
})

it('of a key with a list loses no rules unsaid: who changes one list says what becomes of the other', async () => {
  const { id } = await app.create(ada, { access })
  expect(await faultsOf(update, { id, access: { deny: ['Order.total'] } })).toMatchObject({
    code: 'BAD_USER_INPUT',
    fields: { 'input.access.allow': expect.stringContaining('left out') },
  })
  expect(await faultsOf(update, { id, access: { allow: ['Order.*'], deny: null } })).toMatchObject({
    code: 'BAD_USER_INPUT',
    fields: { 'input.access.deny': expect.stringContaining('left out') },
  })
  expect(await accessOf(id)).toMatchObject(access)
  await dataOf(update, { input: { id, access: { allow: [], deny: ['Order.total'] } } })
  expect(await accessOf(id)).toMatchObject({ allow: [], accepted: null, deny: ['Order.total'] })
})

it('of a key of a service account an administrator accepts what has come, and nobody else', async () => {
  const scopes = ['keys:read', 'keys:write', 'keys:admin']
  const admin = aUser({ userId: 'usr_root', scopes })
  app.users.accounts.set('svc_nightly', true)
  const { id } = await app.create(admin, { access, scopes: ['keys:read'], ownerId: 'svc_nightly' })
  const { id: person } = await app.create(ada, { access })
  app.compose(withTax)
  expect(await faultsOf(accept, { id }, eve)).toMatchObject({ code: 'NOT_FOUND' })
  expect(await faultsOf(accept, { id: person }, admin)).toMatchObject({ code: 'NOT_FOUND' })
  expect(await faultsOf(accept, { id }, admin)).toBeUndefined()
  expect((await recordOf(id))?.confinement?.access?.accepted).toContain('Order.tax')
})

describe('when the schema loses a field', () => {
  it('keys that name it are found, named in the log and in one record each, and listed', async () => {
    const [stale, sound, plain] = [
      await app.create(ada, { access }),
      await app.create(ada, { access: { allow: ['Order.id'] } }),
      await app.create(ada),
    ]
    expect(await app.checkAccess()).toEqual([])
    app.compose(withoutTotal)
    const missing = ['Order.total']
    expect((await accessOf(stale.id)).stale).toEqual(missing)
    expect(await app.checkAccess()).toEqual([{ keyId: stale.id, missing }])
    expect(await staleIds()).toEqual([stale.id])
    expect(await staleIds(false)).toEqual([sound.id, plain.id].sort())
    expect(log).toContain(stale.id)
    expect(log).not.toContain(sound.id)
    expect(await auditOf(stale.id, 'api-key.access-stale')).toMatchObject([
      { actorKind: 'service', detail: { missing } },
    ])
  })

  it('each is told of once, however many processes look and however often', async () => {
    const keys = await Promise.all(Array.from({ length: 5 }, () => app.create(ada, { access })))
    app.compose(withoutTotal)
    await Promise.all(Array.from({ length: 4 }, () => app.checkAccess()))
    await app.checkAccess()
    for (const { id } of keys) expect(await auditOf(id, 'api-key.access-stale')).toHaveLength(1)
    app.compose(withoutTotal.replace('id: ID! internalNotes', 'internalNotes'))
    await app.checkAccess()
    expect(await staleIds()).toHaveLength(5)
  })

  it('the rest of the key goes on, and the field is granted to nobody when it comes back', async () => {
    const { id } = await app.create(ada, { access })
    app.compose(withoutTotal)
    await app.checkAccess()
    expect((await recordOf(id))?.version).toBe(1)
    await dataOf(accept, { input: { id } })
    await app.checkAccess()
    expect(await staleIds()).toEqual([])
    app.compose(graphSdl)
    expect(await accessOf(id)).toMatchObject({ stale: [], pending: ['Order.total'] })
  })

  it('a key is listed no more once the schema has the field again, its owner mends it, or it ends', async () => {
    const [mended, ended, left] = await Promise.all(Array.from({ length: 3 }, () => app.create(ada, { access })))
    app.compose(withoutTotal)
    await app.checkAccess()
    app.start()
    await dataOf(update, { input: { id: mended?.id, access } })
    await expect.poll(() => staleIds()).toEqual([ended?.id, left?.id].sort())
    await dataOf(revoke, { input: { id: ended?.id } })
    await expect.poll(() => staleIds()).toEqual([left?.id])
    app.compose(graphSdl)
    await app.checkAccess()
    expect(await staleIds()).toEqual([])
  })

  it('the successor of a stale key is stale', async () => {
    const { id } = await app.create(ada, { access })
    app.compose(withoutTotal)
    app.start()
    const next = (await dataOf(rotate, { input: { id, overlap: 60 } })).rotateApiKey.apiKey
    await expect.poll(() => staleIds()).toEqual([id, next.id].sort())
  })

  it('the service notices by itself, at its start', async () => {
    const { id } = await app.create(ada, { access })
    app.compose(withoutTotal)
    app.start()
    await expect.poll(() => staleIds()).toEqual([id])
  })

  it('can be asked beforehand, and changes nothing by it', async () => {
    const { id } = await app.create(ada, { access })
    expect(await app.staleUnder(readPublicGraph(withoutTotal))).toEqual([{ keyId: id, missing: ['Order.total'] }])
    expect(await staleIds()).toEqual([])
  })
})

describe('when the schema gains a field under a wildcard', () => {
  const added = ['Order.tax', 'Order.tax(rate:)']

  it('it waits, and is granted once its owner accepts it', async () => {
    const { id } = await app.create(ada, { access })
    app.compose(withTax)
    expect(await accessOf(id)).toMatchObject({ stale: [], pending: added })
    expect((await recordOf(id))?.confinement?.access?.accepted).not.toContain('Order.tax')
    const accepted = (await dataOf(accept, { input: { id, fields: ['Order.tax'] } })).acceptApiKeyFields.apiKey
    expect(accepted.access.pending).toEqual(['Order.tax(rate:)'])
    expect((await recordOf(id))?.confinement?.access?.accepted).toContain('Order.tax')
    await dataOf(accept, { input: { id } })
    expect(await accessOf(id)).toMatchObject({ pending: [] })
    expect((await auditOf(id, 'api-key.fields-accepted')).map(({ detail }) => detail).sort()).toEqual([
      { fields: ['Order.tax'] },
      { fields: ['Order.tax(rate:)'] },
    ])
  })

  it('nothing else brings it: no change of the name, no rotation', async () => {
    const { id } = await app.create(ada, { access })
    app.compose(withTax)
    await dataOf(update, { input: { id, name: 'cd' } })
    const { apiKey } = (await dataOf(rotate, { input: { id } })).rotateApiKey
    expect(apiKey.access.pending).toEqual(added)
  })

  it('what does not wait is not accepted, nor by anybody but its owner, and nothing is changed', async () => {
    const { id } = await app.create(ada, { access })
    app.compose(withTax)
    const secret = { id, fields: ['Order.tax', 'Order.internalNotes'] }
    expect(await faultsOf(accept, secret)).toMatchObject({ code: 'BAD_USER_INPUT' })
    expect(await faultsOf(accept, { id, fields: ['x'.repeat(10_000)] })).toMatchObject({ code: 'BAD_USER_INPUT' })
    expect(await faultsOf(accept, { id }, eve)).toEqual({ code: 'NOT_FOUND' })
    expect(await faultsOf(accept, { id: 'NoSuchKey123' })).toEqual({ code: 'NOT_FOUND' })
    expect((await recordOf(id))?.version).toBe(1)
  })

  it('accepting it many times at once grants it once', async () => {
    const { id } = await app.create(ada, { access })
    app.compose(withTax)
    await Promise.all(Array.from({ length: 8 }, () => app.ask(ada, accept, { input: { id } })))
    expect(await auditOf(id, 'api-key.fields-accepted')).toHaveLength(1)
    expect((await recordOf(id))?.version).toBe(2)
    const { accepted } = await accessOf(id)
    expect(accepted).toEqual([...new Set(accepted)])
    expect(accepted).toEqual(expect.arrayContaining(added))
  })
})
