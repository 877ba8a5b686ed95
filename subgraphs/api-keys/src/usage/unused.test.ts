import { describe, expect, it } from 'vitest'
import { scopeRequirementsIn } from './scope-requirements.ts'
import { unusedCoordinates, unusedScopes } from './unused.ts'

const requirements = scopeRequirementsIn(`
  schema @link(url: "https://specs.apollo.dev/requiresScopes/v0.1", for: SECURITY) { query: Query }
  directive @requiresScopes(scopes: [[String!]!]!) on OBJECT | FIELD_DEFINITION
  type Query {
    me: User @requiresScopes(scopes: [["profile:read"]])
    orders(first: Int): [Order!]!
    keys: String @requiresScopes(scopes: [["keys:read"], ["keys:admin"]])
    open: String
  }
  type User { name: String email: String @requiresScopes(scopes: [["profile:read", "email:read"]]) }
  type Order @requiresScopes(scopes: [["orders:read"]]) { total: Int }
`)

describe('what a field asks for', () => {
  it('is what it says, and what its type and the type of its answer say', () => {
    expect(requirements.get('Query.me')).toEqual([[['profile:read']]])
    expect(requirements.get('Query.orders')).toEqual([[['orders:read']]])
    expect(requirements.get('Order.total')).toEqual([[['orders:read']]])
    expect(requirements.get('Query.keys')).toEqual([[['keys:read'], ['keys:admin']]])
    expect([requirements.has('Query.open'), requirements.has('User.name')]).toEqual([false, false])
  })
})

describe('what could be taken away from a key', () => {
  const unused = (held: string[], ...used: string[]) => unusedScopes(held, used, requirements)

  it('is every scope that nothing it used asks for', () => {
    expect(unused(['profile:read', 'orders:read'], 'Query.me', 'User.name')).toEqual(['orders:read'])
    expect(unused(['profile:read', 'orders:read'], 'Query.orders', 'Query.orders(first:)', 'Order.total')).toEqual([
      'profile:read',
    ])
    expect(unused(['profile:read', 'email:read'], 'User.email')).toEqual([])
    expect(unused(['profile:read'])).toEqual(['profile:read'])
  })

  it('is the broader of two scopes of which one would do, and never both', () => {
    expect(unused(['keys:admin', 'keys:read'], 'Query.keys')).toEqual(['keys:admin'])
    expect(unused(['keys:read', 'keys:admin'], 'Query.keys')).toEqual(['keys:admin'])
    expect(unused(['keys:admin'], 'Query.keys')).toEqual([])
  })

  it('is not kept for a field that has come to ask for what the key never held', () => {
    expect(unused(['profile:read'], 'Query.orders')).toEqual(['profile:read'])
  })

  it('is every coordinate it may touch and did not', () => {
    expect(unusedCoordinates(['Query.me', 'User.name', 'Query.orders(first:)'], ['Query.me', 'Query.orders'])).toEqual([
      'User.name',
      'Query.orders(first:)',
    ])
  })
})
