import { deniedCoordinate } from '@latchkey/principal/access-list'
import { aUser } from '@latchkey/principal/testing'
import { readPublicGraph } from '@latchkey/public-graph'
import { parse } from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { graphSdl, type RunningApiKeys, runApiKeys } from '../application.fixture.ts'
import { readManifest } from './manifest.ts'

const graph = readPublicGraph(`
  directive @requiresAssurance(level: String) on FIELD_DEFINITION
  ${graphSdl.replace('node(id: ID!): Node', 'node(id: ID!): Node vaulted: Int @requiresAssurance(level: AAL2) open: Int')}`)
const permitted = ['profile:read', 'orders:read', 'keys:read']
const read = (fromOperations: string[], held = permitted) =>
  readManifest({ fromOperations }, { graph, permitted: held }) ?? expect.fail('there are operations')

const ordersOf = 'query Orders($id: ID) { orders(customerId: $id) { id total lines { sku } } }'

describe('the smallest key for operations', () => {
  it.each<[string, string[], string[], string[]]>([
    [
      'touches what they touch',
      [ordersOf],
      ['orders:read'],
      ['Query.orders(customerId:)', 'Order.id()', 'Order.total()', 'Order.lines()', 'Line.sku()'],
    ],
    [
      'of all of them together',
      ['{ me { id } }', '{ me { keys } orders { id } }'],
      ['profile:read', 'keys:read', 'orders:read'],
      ['Query.me()', 'User.id()', 'User.keys()', 'Query.orders()', 'Order.id()'],
    ],
    [
      'of every operation of a document',
      ['query A { me { id } } mutation B { cancel(id: 1) { total } }'],
      ['profile:read'],
      ['Query.me()', 'User.id()', 'Mutation.cancel(id:)', 'Order.total()'],
    ],
    [
      'in fragments and behind aliases',
      ['{ a: orders { ...F } } fragment F on Order { b: total }'],
      ['orders:read'],
      ['Query.orders()', 'Order.total()'],
    ],
    [
      'on interfaces of every type',
      ['{ node(id: 1) { id ... on Order { total } } }'],
      [],
      ['Query.node(id:)', 'Node.id()', 'Order.id()', 'Order.total()'],
    ],
    ['introspects when they do', ['{ __schema { types { name } } }'], [], ['Query.__schema()']],
    ['needs no scope where none is asked for', ['{ open }'], [], ['Query.open()']],
  ])('%s', (_, documents, scopes, allow) => {
    const { part, faults, refusal, ...found } = read(documents)
    expect([faults, refusal]).toEqual([{}, null])
    expect([...found.scopes].sort()).toEqual([...scopes].sort())
    expect([...(part.access?.allow ?? [])].sort()).toEqual([...allow].sort())
  })

  it.each([
    ['{ orders(customerId: 1) { id total lines { sku } } }', null],
    ['{ orders(customerId: 1) { id } }', null],
    ['{ orders(customerId: 1, first: 1) { id } }', 'Query.orders(first:)'],
    ['{ orders(customerId: 1) { internalNotes } }', 'Order.internalNotes'],
    ['{ orders(customerId: 1) { lines(first: 1) { sku } } }', 'Order.lines(first:)'],
    ['{ me { id } }', 'Query.me'],
  ])('made of one of them may %s: %s', (query, denied) => {
    const document = parse(query)
    const [operation] = document.definitions
    if (operation?.kind !== 'OperationDefinition') throw new Error(query)
    const access = read([ordersOf]).part.access ?? expect.fail('there is a list')
    expect(deniedCoordinate(access, graph.readFootprint(document, operation).coordinates)).toBe(denied)
  })
})

describe('operations that no key of theirs can be made of', () => {
  const faults = (...documents: string[]) => read(documents).faults
  it('each document that is not valid is named, with what is wrong', () => {
    expect(
      faults(
        ordersOf,
        '{ me { salary } }',
        '{',
        'fragment F on Order { id }',
        '{ vaulted }',
        '{ orders(customer: 1) { id } }',
      ),
    ).toEqual({
      'input.fromOperations.1': expect.stringContaining('salary'),
      'input.fromOperations.2': expect.stringContaining('Syntax Error'),
      'input.fromOperations.3': 'holds no operation',
      'input.fromOperations.4': expect.stringContaining('no key can give one'),
      'input.fromOperations.5': expect.stringContaining('customer'),
    })
  })

  it.each<[string, string[]]>([
    ['none', []],
    ['more than twenty', Array(21).fill('{ open }')],
    ['more than 32 KiB', [`{ open } # ${'x'.repeat(32_768)}`]],
    ['32 KiB in parts', Array(16).fill(`{ open } # ${'x'.repeat(2_048)}`)],
  ])('%s', (_, documents) => {
    expect(Object.keys(faults(...documents))).toEqual(['input.fromOperations'])
  })

  it.each([
    ['deep', `{ ${'node { '.repeat(13)}id${' }'.repeat(13)} }`],
    ['wide', `{ ${'open '.repeat(600)}}`],
    ['of too many tokens', `{ ${'open '.repeat(2_001)}}`],
    [
      'a bomb',
      `{ ...F0 } ${Array.from({ length: 60 }, (_, at) => `fragment F${at} on Query { ...F${at + 1} ...F${at + 1} }`).join(' ')} fragment F60 on Query { open }`,
    ],
  ])('one that is %s is refused before it is validated', (_, document) => {
    expect(faults(document)).toEqual({ 'input.fromOperations.0': expect.stringMatching(/larger than allowed|tokens/) })
  })

  it('twenty that are as large as they may be are read', () => {
    expect(faults(...Array(20).fill(`{ me { ${'id '.repeat(490)}} }`))).toEqual({})
  })

  it('what they need and nobody of these scopes holds is named', () => {
    const { refusal } = read(['{ orders { id internalNotes } me { keys } }'], ['profile:read'])
    expect(refusal?.code).toBe('FORBIDDEN')
    expect(refusal?.message).toContain('orders:read, or keys:admin; keys:admin; keys:read, or keys:admin')
  })
})

describe('createApiKey(fromOperations)', () => {
  let app: RunningApiKeys
  beforeAll(async () => {
    app = await runApiKeys()
  })
  afterAll(() => app.stop())
  const ada = aUser({ userId: 'usr_ada', scopes: [...permitted, 'keys:write'] })
  const create = `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) {
    secret apiKey { id scopes access { allow accepted } } } }`
  const mint = (input: object, by = ada) => app.ask(by, create, { input: { name: 'ci', ...input } })
  // The query asks exactly this.
  const made = async (input: object) =>
    ((await mint(input)).data as { createApiKey: { apiKey: { id: string; scopes: string[] } } }).createApiKey.apiKey
  const extensionsOf = async (asking: ReturnType<typeof mint>) => (await asking).errors?.[0]?.extensions

  it('makes a key of the fewest scopes and of exactly what is touched', async () => {
    const { data } = await mint({ fromOperations: [ordersOf] })
    expect(data?.createApiKey).toMatchObject({
      apiKey: {
        scopes: ['orders:read'],
        access: { allow: expect.arrayContaining(['Query.orders(customerId:)', 'Order.id()']) },
      },
    })
  })

  it('makes one without scopes where none is needed, and it can be changed', async () => {
    const apiKey = await made({ fromOperations: ['mutation { cancel(id: 1) { id } }'] })
    expect(apiKey.scopes).toEqual([])
    const update = 'mutation ($input: UpdateApiKeyInput!) { updateApiKey(input: $input) { apiKey { name scopes } } }'
    const changed = await app.ask(ada, update, { input: { id: apiKey.id, name: 'cd' } })
    expect(changed.data).toEqual({ updateApiKey: { apiKey: { name: 'cd', scopes: [] } } })
    expect((await app.ask(ada, update, { input: { id: apiKey.id, scopes: [] } })).errors).toHaveLength(1)
  })

  it('takes it instead of scopes and an access list, and one of them is needed', async () => {
    const both = { fields: { 'input.fromOperations': expect.stringContaining('leave out') } }
    expect(await extensionsOf(mint({ fromOperations: ['{ me { id } }'], scopes: ['keys:read'] }))).toMatchObject(both)
    const access = { allow: ['Query.me'] }
    expect(await extensionsOf(mint({ fromOperations: ['{ me { id } }'], access }))).toMatchObject(both)
    expect(await extensionsOf(mint({}))).toMatchObject({ fields: { 'input.scopes': expect.any(String) } })
  })

  it('is bound to operations besides when that is said', async () => {
    const operations = ['c'.repeat(64)]
    const apiKey = await made({ fromOperations: ['{ me { id } }'], operations })
    expect((await app.records.apiKey(apiKey.id)).key?.confinement).toMatchObject({ operations, access: {} })
  })

  it('names every fault with the others, and only then what its creator does not hold', async () => {
    expect(await extensionsOf(mint({ name: '', fromOperations: ['{ me { salary } }'] }))).toMatchObject({
      fields: { 'input.name': expect.any(String), 'input.fromOperations.0': expect.any(String) },
    })
    const beyond = { fromOperations: ['{ orders { internalNotes } }'] }
    expect(await extensionsOf(mint({ ...beyond, name: '' }))).toMatchObject({ code: 'BAD_USER_INPUT' })
    expect(await extensionsOf(mint(beyond))).toEqual({ code: 'FORBIDDEN' })
    expect((await mint(beyond)).errors?.[0]?.message).toContain('keys:admin')
  })
})
