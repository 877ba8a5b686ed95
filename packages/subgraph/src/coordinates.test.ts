import { buildSchema, Kind, parse } from 'graphql'
import { expect, it } from 'vitest'
import { createFootprintReader } from './coordinates.ts'

const schema = buildSchema(`
  type Query { node(id: ID): Node, search: [Found], orders(customerId: ID, first: Int): [Order] }
  interface Node { id: ID }
  type Order implements Node { id: ID, lines: [Line], total: Int }
  type Line { order: Order, price(currency: String): Int }
  type Person implements Node { id: ID, name: String }
  union Found = Order | Person
`)
const read = createFootprintReader(schema)

function footprintOf(query: string) {
  const document = parse(query)
  const operation = document.definitions.find((node) => node.kind === Kind.OPERATION_DEFINITION)
  if (!operation) throw new Error(query)
  return read(document, operation)
}

it.each<[string, string, string[]]>([
  [
    'fields and the arguments that are given',
    '{ orders(first: 1) { total } }',
    ['Query.orders', 'Query.orders(first:)', 'Order.total'],
  ],
  ['behind an alias', '{ a: orders { b: total } }', ['Query.orders', 'Order.total']],
  [
    'in fragments',
    '{ ...A } fragment A on Query { orders { ...B } } fragment B on Order { total }',
    ['Query.orders', 'Order.total'],
  ],
  [
    'below itself',
    '{ orders { lines { order { total } } } }',
    ['Query.orders', 'Order.lines', 'Line.order', 'Order.total'],
  ],
  ['on an interface, of every type behind it', '{ node { id } }', ['Query.node', 'Node.id', 'Order.id', 'Person.id']],
  ['on a type behind an interface', '{ node { ... on Person { name } } }', ['Query.node', 'Person.name']],
  ['on an interface within an object', '{ orders { ... on Node { id } } }', ['Query.orders', 'Order.id']],
  ['in a union', '{ search { ... on Node { id } __typename } }', ['Query.search', 'Node.id', 'Order.id', 'Person.id']],
  ['that are skipped', '{ orders @skip(if: true) { total } }', ['Query.orders', 'Order.total']],
  [
    'of a fragment on two types',
    '{ search { ...N } orders { ...N } } fragment N on Node { id }',
    ['Query.search', 'Node.id', 'Order.id', 'Person.id', 'Query.orders'],
  ],
  ['of introspection never', '{ __schema { types { name } } __typename }', []],
])('finds coordinates %s', (_, query, expected) => {
  expect(footprintOf(query).coordinates).toEqual(expected)
})

it('says where introspection is asked for, behind whatever', () => {
  const query =
    '{ a: __schema { types { name } } ...T __typename } fragment T on Query { ... { __type(name: "Order") { name } } }'
  expect(footprintOf(query)).toMatchObject({ coordinates: [], introspection: ['Query.__schema', 'Query.__type'] })
})

it('gives every place of a field that takes arguments, with what is given there', () => {
  const { uses, variables } = footprintOf(
    'query ($c: ID = 1) { a: orders { total } orders(customerId: $c) { ...N } node { id } } fragment N on Order { lines { price } }',
  )
  expect(uses.map(({ coordinates, given }) => [coordinates, given.map(({ name }) => name.value)])).toEqual([
    [['Query.orders'], []],
    [['Query.orders'], ['customerId']],
    [['Line.price'], []],
    [['Query.node'], []],
  ])
  expect(variables.map(({ variable }) => variable.name.value)).toEqual(['c'])
})
