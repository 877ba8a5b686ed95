/** Schemas that subgraphs do not tell alike: the client's one schema decides. */
import { parse } from 'graphql'
import { describe, expect, it } from 'vitest'
import { expectAgreement, federate, type Thing } from './federation.contract.ts'

describe('types that differ between subgraphs', () => {
  const users: Thing[] = [
    { __typename: 'User', id: 'u1', type: 'REGULAR', name: 'Ada', serial: 7, nick: 'a' },
    { __typename: 'User', id: 'u2', type: 'SECRET', name: null, serial: 8, nick: null },
  ]
  const search = ({ filter }: Thing) => users.filter(({ id }) => id === (filter as Thing).id)
  const federation = federate(
    {
      a: `type Query { users: [User] search(filter: Filter!): [User] }
        type User @key(fields: "id") { id: ID type: Type name: String! @shareable serial: Int @shareable }
        enum Type { REGULAR ADMIN SECRET @inaccessible } input Filter { id: ID! onlyHere: String }`,
      b: `type Query { others: [User] found(filter: Filter!): [User] }
        type User @key(fields: "id") { id: ID! name: String @shareable serial: Int! @shareable nick: String type2: Type }
        enum Type { REGULAR ADMIN } input Filter { id: ID! onlyThere: Int }`,
    },
    {
      Query: { users, others: users, search, found: search },
      entities: users.map((user) => Object.assign(user, { type2: 'ADMIN' })),
    },
  )
  it.each([
    '{ users { id nick serial type2 } others { id nick name serial } }',
    '{ users { type nick } others { type id } }',
    '{ search(filter: { id: "u2" }) { serial nick } found(filter: { id: "u1" }) { type } }',
    '{ __type(name: "Filter") { inputFields { name } } t: __type(name: "Type") { enumValues { name } } }',
  ])('are answered by the public schema: %s', (query) => expectAgreement(federation, query))

  it('take only what every subgraph takes', () => {
    const filter = federation.engine.schema.getType('Filter')
    expect(filter && 'getFields' in filter && Object.keys(filter.getFields())).toEqual(['id'])
  })
})

describe('extensions and external fields', () => {
  const product: Thing = { __typename: 'Product', id: 'p1', price: 5, name: 'Pen', maker: { name: 'M', country: 'DE' } }
  const federation = federate(
    {
      a: 'type Query { product: Product } type Product @key(fields: "id") { id: ID! price: Int maker: Maker @shareable } type Maker @shareable { name: String }',
      b: `extend type Product @key(fields: "id") { id: ID! @external name: String! @shareable }`,
      c: `type Query { pick: Product } extend type Product @key(fields: "id") { id: ID! @external
        name: String! @shareable maker: Maker @shareable } type Maker @shareable { name: String country: String }`,
    },
    { Query: { product, pick: product }, entities: [product] },
  )
  it.each(['{ product { id name price } }', '{ pick { price name id maker { country name } } }'])(
    'are asked where they are at home: %s',
    (query) => expectAgreement(federation, query),
  )
})

describe('what a client must not see', () => {
  const hidden = { __typename: 'Hidden', id: 'h', secret: 1 }
  const shown = { __typename: 'Shown', id: 's' }
  const federation = federate(
    {
      a: `type Query { any: [Any] nodes: [Node] strict: [Node!] } union Any = Shown | Hidden interface Node { id: ID! }
        type Shown implements Node @key(fields: "id") { id: ID! } type Hidden implements Node @inaccessible { id: ID! secret: Int }`,
      b: 'type Shown @key(fields: "id") { id: ID! more: Int }',
    },
    {
      Query: { any: [shown, hidden], nodes: [hidden, shown], strict: [hidden] },
      entities: [Object.assign(shown, { more: 2 })],
    },
  )
  it('is null with an error where a subgraph answers it', async () => {
    const asked = parse(
      '{ any { __typename ... on Shown { more } } nodes { id __typename } strict { ... on Shown { id } } }',
    )
    const { data, errors } = await federation.together(asked)
    expect(data).toEqual({
      any: [{ __typename: 'Shown', more: 2 }, null],
      nodes: [null, { id: 's', __typename: 'Shown' }],
      strict: null,
    })
    expect(errors?.map(({ path }) => path?.join('.'))).toEqual(['any.1', 'nodes.0', 'strict.0'])
    expect(JSON.stringify(errors)).not.toContain('Hidden')
    expect((await federation.together(parse('{ nodes { id } }'))).data).toEqual({ nodes: [null, { id: 's' }] })
  })
})

describe('types that refer to each other in a circle', () => {
  const [one, two]: Thing[] = ['1', '2'].map((id) => ({ __typename: 'Product', id, price: Number(id) }))
  Object.assign(one ?? {}, { samePriceAs: two })
  Object.assign(two ?? {}, { samePriceAs: one })
  const federation = federate(
    {
      a: `type Query { product: Node } interface Node { samePriceAs: Node }
        type Product implements Node @key(fields: "id") { id: ID! samePriceAs: Product }`,
      b: 'type Product @key(fields: "id") { id: ID! price: Float }',
    },
    { Query: { product: one }, entities: [one ?? {}, two ?? {}] },
  )
  it('are followed as far as asked', () =>
    expectAgreement(
      federation,
      '{ product { samePriceAs { ... on Product { price } samePriceAs { __typename samePriceAs { ... on Product { id price } } } } } }',
    ))
})
