import { expect, it } from 'vitest'
import { declaredScopes } from './scope-catalogue.ts'

it('reads every declared scope, with the roles that hold it', () => {
  const sdl = `
    type Order @scope(name: "orders:read", description: "See your orders.", roles: ["user"]) { id: ID! }
    type Refund @scope(name: "orders:refund", description: "Pay back.") { id: ID! }`
  expect(declaredScopes(sdl)).toEqual([
    { name: 'orders:read', description: 'See your orders.', roles: ['user'] },
    { name: 'orders:refund', description: 'Pay back.', roles: [] },
  ])
})

it('lets one scope stand at several types, but not with two meanings', () => {
  const order = 'type Order @scope(name: "orders:read", description: "See.") { id: ID! }'
  expect(
    declaredScopes(`${order} type Cart @scope(name: "orders:read", description: "See.") { id: ID! }`),
  ).toHaveLength(1)
  expect(() =>
    declaredScopes(`${order} type Cart @scope(name: "orders:read", description: "All.") { id: ID! }`),
  ).toThrow(/orders:read is declared twice/)
})

it('refuses a name that is no scope', () => {
  expect(() => declaredScopes('type A @scope(name: "*", description: "Everything.") { id: ID! }')).toThrow(
    /not of the form/,
  )
})

it('finds none where none is declared', () => {
  expect(declaredScopes('type Query { a: Int }')).toEqual([])
})
