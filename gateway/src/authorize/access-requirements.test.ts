import { anonymous, type Principal } from '@latchkey/principal'
import { anApiKey } from '@latchkey/principal/testing'
import { readAccessMap } from '@latchkey/subgraph/access-map'
import { createRequirementReader, judgeAccess } from '@latchkey/subgraph/access-requirements'
import { buildSchema, Kind, parse } from 'graphql'
import { describe, expect, it } from 'vitest'
import { adaHolding, composeEstate } from '../estate.fixture.ts'

const map = readAccessMap(composeEstate())
const read = createRequirementReader(map)

function verdictOn(query: string, principal: Principal, reader = read) {
  const document = parse(query)
  const operation = document.definitions.find((node) => node.kind === Kind.OPERATION_DEFINITION)
  if (!operation) throw new Error(query)
  return judgeAccess(reader(document, operation), principal)
}

describe('what an operation requires', () => {
  it.each([
    ['a plain field', '{ open }'],
    ['the type name', '{ __typename }'],
    ['introspection', '{ __schema { types { name } } __type(name: "Vault") { name } }'],
    ['an unguarded field of a union member', '{ search { ... on Note { label } } }'],
    ['the type names of a union', '{ search { __typename } }'],
  ])('is nothing for %s', (_, query) => {
    expect(verdictOn(query, anonymous)).toBe('permitted')
  })

  const disguises: [name: string, query: string][] = [
    ['plain', '{ user(id: 1) { email } }'],
    ['an alias', '{ user(id: 1) { label: email } }'],
    ['an alias of the parent', '{ x: user(id: 1) { y: email } }'],
    ['a named fragment', '{ user(id: 1) { ...F } } fragment F on User { email }'],
    ['a fragment in a fragment', '{ user(id: 1) { ...F } } fragment F on User { ...G } fragment G on User { email }'],
    [
      'a fragment that was harmless elsewhere',
      '{ ...R } fragment R on Query { nodes { ... on User { ...F } } } fragment F on User { email }',
    ],
    ['an inline fragment', '{ user(id: 1) { ... on User { email } } }'],
    ['an inline fragment without a condition', '{ user(id: 1) { ... { email } } }'],
    [
      'an inline fragment on an interface around one on the type',
      '{ user(id: 1) { ... on Node { ... on User { email } } } }',
    ],
    ['an interface', '{ node(id: 1) { ... on User { email } } }'],
    ['a union', '{ search { ... on User { email } } }'],
    ['an interface within a union', '{ search { ... on Node { ... on User { email } } } }'],
    ['nesting', '{ user(id: 1) { friend { rival { email } } } }'],
    ['@skip that is always true', '{ user(id: 1) { email @skip(if: true) } }'],
    ['@include of a variable', 'query ($x: Boolean!) { user(id: 1) { ... @include(if: $x) { email } } }'],
    ['a duplicate of its parent', '{ user(id: 1) { id } user(id: 1) { email } }'],
    ['a root fragment', '{ ...R } fragment R on Query { user(id: 1) { email } }'],
  ]
  it.each(disguises)('is found behind %s', (_, query) => {
    expect(verdictOn(query, anonymous)).toBe('unauthenticated')
    expect(verdictOn(query, adaHolding('keys:read'))).toBe('forbidden')
    expect(verdictOn(query, adaHolding('profile:read'))).toBe('permitted')
    expect(verdictOn(query, adaHolding('users:read'))).toBe('permitted')
  })

  it('holds for every field of a guarded type, and for the type behind an interface', () => {
    expect(verdictOn('{ search { ... on Vault { id } } }', anonymous)).toBe('unauthenticated')
    expect(verdictOn('{ node(id: 1) { ... on Vault { __typename } } }', anonymous)).toBe('unauthenticated')
    expect(verdictOn('{ nodes { label } }', anonymous)).toBe('unauthenticated')
    expect(verdictOn('{ nodes { label } }', adaHolding())).toBe('permitted')
    expect(verdictOn('{ user(id: 1) { ... on Node { label } } }', anonymous)).toBe('permitted')
  })

  it('holds for scalars and enums that a field answers with', () => {
    expect(verdictOn('{ secret }', adaHolding())).toBe('forbidden')
    expect(verdictOn('{ secret }', adaHolding('secret:read'))).toBe('permitted')
    expect(verdictOn('{ badge }', anonymous)).toBe('unauthenticated')
  })

  it('takes all scopes of one set, and joins the requirements of all fields', () => {
    const code = '{ search { ... on Vault { code } } }'
    expect(verdictOn(code, adaHolding('vault:read'))).toBe('forbidden')
    expect(verdictOn(code, adaHolding('vault:open', 'vault:read'))).toBe('permitted')
    expect(verdictOn(code, adaHolding('vault:admin'))).toBe('permitted')
    const both = '{ secret search { ... on Vault { code } } }'
    expect(verdictOn(both, adaHolding('vault:admin'))).toBe('forbidden')
    expect(verdictOn(both, adaHolding('vault:admin', 'secret:read'))).toBe('permitted')
  })

  it('judges an API key by what it holds', () => {
    expect(verdictOn('{ user(id: 1) { sessions { id } } }', anApiKey({ scopes: ['sessions:read'] }))).toBe('permitted')
    expect(verdictOn('{ user(id: 1) { sessions { id } } }', anApiKey({ scopes: ['keys:read'] }))).toBe('forbidden')
  })

  it('covers an object type whose interface is guarded, in whichever way it is reached', () => {
    const guarded = handmade(`interface Node @authenticated { id: ID! secret: String @requiresScopes(scopes: [["s"]]) }
      type Note implements Node { id: ID! secret: String other: String } type Query { note: Note node: Node }`)
    const reader = createRequirementReader(readAccessMap(guarded))
    expect(verdictOn('{ note { other } }', anonymous, reader)).toBe('unauthenticated')
    expect(verdictOn('{ note { secret } }', adaHolding(), reader)).toBe('forbidden')
    expect(verdictOn('{ node { ... on Note { secret } } }', adaHolding(), reader)).toBe('forbidden')
  })

  it('denies everybody where no set of scopes is named', () => {
    const reader = createRequirementReader(
      readAccessMap(handmade('type Query { never: Int @requiresScopes(scopes: []) }')),
    )
    expect(verdictOn('{ never }', adaHolding('any'), reader)).toBe('forbidden')
  })

  it('is the same whatever the supergraph calls the directives', () => {
    const reader = createRequirementReader(
      readAccessMap(`schema
        @link(url: "https://specs.apollo.dev/authenticated/v0.1", as: "signedIn", for: SECURITY)
        @link(url: "https://specs.apollo.dev/requiresScopes/v0.1", import: [{ name: "@requiresScopes", as: "@holds" }], for: SECURITY)
        { query: Root }
        type Root { a: Int @signedIn b: Int @holds(scopes: [["x"]]) c: Int @federation__authenticated }`),
    )
    expect(verdictOn('{ a }', anonymous, reader)).toBe('unauthenticated')
    expect(verdictOn('{ b }', adaHolding(), reader)).toBe('forbidden')
    expect(verdictOn('{ c }', anonymous, reader)).toBe('unauthenticated')
  })

  it('is read to the end from a document of fragments that spread one another', () => {
    const schema = 'type Query { a: A } type A { a: A b: A c: Int @authenticated }'
    const reader = createRequirementReader(readAccessMap(handmade(schema)))
    const fragments = Array.from(
      { length: 60 },
      (_, i) => `fragment F${i} on A { a { ...F${i + 1} } b { ...F${i + 1} } }`,
    )
    const bomb = `{ a { ...F0 } } ${fragments.join(' ')} fragment F60 on A { c }`
    expect(buildSchema('type Query { a: Int }')).toBeDefined()
    expect(verdictOn(bomb, anonymous, reader)).toBe('unauthenticated')
  })
})

/** A supergraph as far as access goes. */
const handmade = (types: string) => `schema
  @link(url: "https://specs.apollo.dev/link/v1.0") @link(url: "https://specs.apollo.dev/join/v0.3", for: EXECUTION)
  @link(url: "https://specs.apollo.dev/authenticated/v0.1", for: SECURITY)
  @link(url: "https://specs.apollo.dev/requiresScopes/v0.1", for: SECURITY) { query: Query } ${types}`

describe('a supergraph that cannot be enforced is refused', () => {
  const linking = (spec: string) =>
    `schema @link(url: "https://specs.apollo.dev/${spec}") { query: Query } type Query { a: Int }`
  it.each([
    ['a policy of another version', linking('policy/v0.2", for: SECURITY, as: "p')],
    ['a policy of another version, linked without a purpose', linking('policy/v0.2')],
    ['any other spec for security', linking('vault/v1.0", for: SECURITY, as: "v')],
    ['a version we do not know', linking('authenticated/v0.2", for: SECURITY, as: "authenticated')],
    [
      'a spec linked by the first @core',
      'schema @core(feature: "https://specs.apollo.dev/vault/v1.0", for: SECURITY) { query: Query } type Query { a: Int }',
    ],
    [
      'a spec linked in an extension',
      `schema { query: Query } extend ${linking('policy/v0.2').replace(' { query: Query }', '')}`,
    ],
    ['scopes that are no texts', handmade('type Query { a: Int @requiresScopes(scopes: [[1]]) }')],
  ])('when it carries %s', (_, sdl) => {
    expect(() => readAccessMap(sdl)).toThrow(/does not enforce|not texts/)
  })
})
