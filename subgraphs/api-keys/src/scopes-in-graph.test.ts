import { expect, it } from 'vitest'
import { scopesInGraph } from './scopes-in-graph.ts'

it('finds every scope that a graph asks for or declares, each once', () => {
  const sdl = `
    type Query {
      a: Int @requiresScopes(scopes: [["keys:read"], ["keys:admin", "users:read"]])
      b: Int @requiresScopes(scopes: [["keys:read"]]) @deprecated(reason: "not:a-scope")
    }
    type Order @scope(name: "orders:read", description: "See.") @requiresScopes(scopes: [["orders:read"]]) { id: ID! }`
  expect([...scopesInGraph(sdl)].sort()).toEqual(['keys:admin', 'keys:read', 'orders:read', 'users:read'])
})

it('finds none where nothing is asked for', () => {
  expect(scopesInGraph('type Query { a: Int }')).toEqual([])
})
