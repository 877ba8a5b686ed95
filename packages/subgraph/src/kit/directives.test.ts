import { silentLogger } from '@latchkey/telemetry'
import { expect, it } from 'vitest'
import { allow } from '../guard.ts'
import { createSubgraph } from '../subgraph.ts'
import { latchkeyDirectives, latchkeyLinks } from './directives.ts'

it('Latchkey’s directives are understood where their lines stand before a schema', () => {
  const typeDefs = `${latchkeyLinks}${latchkeyDirectives}
    type Query { me: User }
    type User @key(fields: "id") @scope(name: "orders:read", description: "See orders.") {
      id: ID!
      email: String @fetchableBy(subgraphs: ["orders"]) @requiresScopes(scopes: [["orders:read"]])
      paidWith: String @requiresAssurance(level: AAL2, maxAge: 600)
    }`
  const subgraph = createSubgraph({
    ...{ name: 'orders', typeDefs, resolvers: {}, rules: { Query: { me: allow }, User: allow } },
    ...{ contextFor: () => ({}), logger: silentLogger, clock: { now: () => new Date(0) } },
  })
  expect(Object.keys(subgraph.schema.getTypeMap())).toContain('AssuranceLevel')
})
