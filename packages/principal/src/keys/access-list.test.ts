import { expect, it } from 'vitest'
import { type AccessList, deniedCoordinate } from './access-list.ts'

const orders: AccessList = {
  allow: ['Query.orders', 'Order.*'],
  deny: ['Order.notes'],
  accepted: ['Query.orders', 'Query.orders(first:)', 'Order.id', 'Order.notes'],
  denied: ['Order.notes'],
}
const allButNotes: AccessList = { allow: [], deny: ['Order.notes', 'Secret.*'], denied: ['Order.notes', 'Secret.*'] }

it.each<[string, AccessList, string[], string | null]>([
  ['nothing at all', orders, [], null],
  ['what was accepted', orders, ['Query.orders', 'Query.orders(first:)', 'Order.id'], null],
  ['the name of a type', orders, ['Query.orders', 'Order.__typename'], null],
  ['an argument that was not accepted', orders, ['Query.orders', 'Query.orders(last:)'], 'Query.orders(last:)'],
  ['a field that came after it was saved', orders, ['Query.orders', 'Order.added'], 'Order.added'],
  ['what is denied, though it was accepted', orders, ['Order.id', 'Order.notes', 'Order.added'], 'Order.notes'],
  ['introspection', orders, ['Query.__schema'], 'Query.__schema'],
  ['what no list names, where only something is denied', allButNotes, ['Query.orders', 'Order.added'], null],
  ['what is denied', allButNotes, ['Query.orders', 'Order.notes'], 'Order.notes'],
  ['a new field of a type that is denied', allButNotes, ['Secret.added'], 'Secret.added'],
  ['an argument of a type that is denied', allButNotes, ['Secret.a(b:)'], 'Secret.a(b:)'],
  ['everything, where nothing was accepted', { ...orders, accepted: [] }, ['Query.orders'], 'Query.orders'],
])('%s', (_, access, coordinates, denied) => {
  expect(deniedCoordinate(access, coordinates)).toBe(denied)
})
