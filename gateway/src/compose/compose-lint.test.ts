import { describe, expect, it } from 'vitest'
import { composeSupergraph, readSupergraphConfig } from './compose.ts'

const link = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9",
  import: ["@key", "@requires", "@external", "@context", "@fromContext", "@authenticated", "@requiresScopes", "@policy", "@composeDirective"])
extend schema @link(url: "https://latchkey.dev/requiresAssurance/v1.0", import: ["@requiresAssurance"]) @composeDirective(name: "@requiresAssurance")
directive @requiresAssurance(level: AssuranceLevel! = AAL1, maxAge: Int) repeatable on FIELD_DEFINITION | OBJECT | INTERFACE
enum AssuranceLevel { AAL1 AAL2 }`

function compose(schemas: Readonly<Record<string, string>>) {
  const subgraphs = Object.entries(schemas).map(([name, sdl]) => ({
    ...{ name, url: `http://${name}.test`, file: `${name}.graphql` },
    sdl: `${link}\n${sdl}`,
  }))
  return composeSupergraph({ subgraphs })
}

const errorsOf = (schemas: Readonly<Record<string, string>>): readonly string[] => {
  const composition = compose(schemas)
  return 'errors' in composition ? composition.errors : []
}

describe('a field that is made of others', () => {
  const making = (guard: string, own: string, type = '') =>
    errorsOf({
      users: `directive @fetchableBy(subgraphs: [String!]!) on FIELD_DEFINITION | OBJECT type Query { user: User }
        type User @key(fields: "id") { id: ID! email: String ${guard} @fetchableBy(subgraphs: ["mail"]) }`,
      mail: `type User @key(fields: "id") ${type} { id: ID! email: String @external\n letters: Int @requires(fields: "email") ${own} }`,
    })

  it.each([
    ['being signed in', '@authenticated'],
    ['scopes', '@requiresScopes(scopes: [["a"], ["b"]])'],
    ['policies', '@policy(policies: [["p", "q"]])'],
    ['a proof', '@requiresAssurance(level: AAL2)'],
    ['a fresh proof', '@requiresAssurance(maxAge: 60)'],
  ])('composes only when it asks for %s as they do', (_, guard) => {
    const [error] = making(guard, '')
    expect(error).toMatch(/^mail\.graphql/)
    expect(error).toContain('User.letters')
    expect(error).toContain('User.email')
    expect(making(guard, guard)).toEqual([])
  })

  it('may say it at its type, and ask for more', () => {
    expect(making('@requiresAssurance(level: AAL2)', '', '@requiresAssurance(level: AAL2, maxAge: 60)')).toEqual([])
  })

  it('is told the line, and both coordinates, where it asks for a weaker proof', () => {
    expect(making('@requiresAssurance(level: AAL2)', '@requiresAssurance(maxAge: 60)')).toEqual([
      'mail.graphql:7:2: User.letters hands out User.email (@requires) and asks less than it: ' +
        'signed in and aal1 proved within 60 s, not signed in and aal2',
    ])
  })

  const taking = (guard: string, own: string) =>
    errorsOf({
      shop: `type Query { user: User } type User @key(fields: "id") @context(name: "buyer") { id: ID! country: String! ${guard} cart: Cart! }
        type Cart @key(fields: "id") { id: ID! price(country: String @fromContext(field: "$buyer { country }")): Int ${own} }`,
    })

  it.each([
    ['scopes', '@requiresScopes(scopes: [["a"]])'],
    ['a policy', '@policy(policies: [["p"]])'],
  ])('by a context composes only when it asks for %s as they do', (_, guard) => {
    expect(taking('', '')).toEqual([])
    expect(taking(guard, '')[0]).toMatch(/^shop\.graphql.*Cart\.price/)
    expect(taking(guard, guard)).toEqual([])
  })
})

it('says of a supergraph that it composes and our gateway would not serve', () => {
  const composition = compose({
    a: 'type Query { a: A } type A @key(fields: "id") @context(name: "c") { id: ID! b: B x: Int } type B @key(fields: "id") { id: ID! y(x: Int @fromContext(field: "$c { x }")): Int }',
  })
  expect(composition).toMatchObject({ warnings: [expect.stringContaining('context/v0.1')] })
})

describe('an interface', () => {
  const node = (guards: readonly string[]) =>
    compose({
      a: `type Query { nodes: [Node] } interface Node { id: ID! label: String }
        type User implements Node { id: ID! label: String ${guards[0]} } type Note implements Node { id: ID! label: String ${guards[1]} }`,
    })

  it.each([['@authenticated'], ['@requiresScopes(scopes: [["a"]])'], ['@policy(policies: [["p"]])']])(
    'does not compose with %s, which no type behind it would inherit',
    (guard) => {
      for (const sdl of [
        `type Query { nodes: [Node] } interface Node { label: String ${guard} } type Note implements Node { label: String }`,
        `type Query { nodes: [Node] } interface Node ${guard} { label: String } type Note implements Node { label: String }`,
      ])
        expect(errorsOf({ a: sdl })).toEqual([
          expect.stringMatching(/^a\.graphql:6:\d+: .*Node.*AUTH_REQUIREMENTS_APPLIED_ON_INTERFACE/),
        ])
    },
  )

  it('composes with a warning where the types behind it ask differently', () => {
    expect(node(['@policy(policies: [["p"]])', ''])).toMatchObject({
      warnings: ['a.graphql:6:40: warning: behind Node.label types ask differently: User policy p, Note everyone'],
    })
    expect(node(['@authenticated', '@authenticated'])).toMatchObject({ warnings: [] })
  })
})

describe('an empty set', () => {
  it.each([
    '@requiresScopes(scopes: [])',
    '@requiresScopes(scopes: [["a"], []])',
    '@policy(policies: [])',
    '@federation__policy(policies: [[]])',
  ])('does not compose: %s', (directive) => {
    expect(errorsOf({ a: `type Query { a: Int ${directive} }` })).toEqual([
      expect.stringMatching(/^a\.graphql:\d+:\d+: @\w+ with an empty list/),
    ])
  })

  it('does not compose under another name', () => {
    const sdl = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: [{ name: "@policy", as: "@says" }])
      type Query { a: Int @says(policies: []) }`
    const composition = composeSupergraph({ subgraphs: [{ name: 'a', url: 'http://a.test', file: 'a.graphql', sdl }] })
    expect(composition).toMatchObject({ errors: [expect.stringContaining('@says')] })
  })
})

it('finds nothing to say of our own graph, nor of the one with orders', () => {
  for (const file of ['supergraph.yaml', 'examples/orders/supergraph.yaml'])
    expect(
      composeSupergraph(readSupergraphConfig(new URL(`../../../${file}`, import.meta.url).pathname)),
    ).toMatchObject({
      warnings: [],
    })
})
