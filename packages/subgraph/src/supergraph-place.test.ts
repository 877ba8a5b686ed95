import { GraphQLError, parse, Source } from 'graphql'
import { describe, expect, it } from 'vitest'
import { oneLineOf } from './supergraph-place.ts'

const sdl = `extend schema @link(url: "https://specs.example.org/policy/v0.1", import: ["@policy"], for: SECURITY)

type Order {
  id: ID!
  total: Money @policy(policies: [["x"]])
}
extend type Order { late: Boolean }
enum Money { EUR }`

describe('a schema that is refused', () => {
  it.each([
    ['Field "Order.total" is wrong', '5:3'],
    ['Order.late is wrong', '7:21'],
    ['The type "Money" of [orders] is wrong', '8:6'],
    ['The value "Money.EUR" is wrong', '8:14'],
    ['It links https://specs.example.org/policy/v0.1 for security.', '1:27'],
    ['It uses @policy, and nobody enforces that', '5:16'],
  ])('is told by its place: %s', (message, place) => {
    expect(oneLineOf(new Error(message), 'orders.graphql', sdl)).toBe(`orders.graphql:${place}: ${message}`)
  })

  it('is told by the place that its parser names', () => {
    const broken = 'type Order {\n  id ID\n}'
    const thrown = (() => {
      try {
        return parse(new Source(broken))
      } catch (error) {
        return error
      }
    })()
    expect(oneLineOf(thrown, 'orders.graphql', broken)).toBe(
      'orders.graphql:2:6: Syntax Error: Expected ":", found Name "ID".',
    )
  })

  it('is told by its file alone when nothing in it can be pointed at, in one line and once', () => {
    expect(oneLineOf(new GraphQLError('no\nquery'), 'a.graphql', sdl)).toBe('a.graphql: no query')
    expect(oneLineOf(new Error('a.graphql:1:1: wrong'), 'a.graphql', sdl)).toBe('a.graphql:1:1: wrong')
  })
})
