import { readAccessMap } from '@latchkey/subgraph/access-map'
import { createFieldRequirements } from '@latchkey/subgraph/access-requirements'
import { describe, expect, it } from 'vitest'
import { composeSupergraph } from '../compose/compose.ts'

const link = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9",
  import: ["@key", "@shareable", "@authenticated", "@requiresScopes", "@policy"])`

/** What a field of a type asks for that subgraphs share, each with directives of its own. */
function merged(...directives: readonly string[]) {
  const subgraphs = directives.map((text, index) => ({
    ...{ name: `s${index}`, url: `http://s${index}.test`, file: `s${index}.graphql` },
    sdl: `${link} type Query { of${index}: Shared } type Shared @shareable { value: Int ${text} }`,
  }))
  const composition = composeSupergraph({ subgraphs })
  if ('errors' in composition) throw new Error(composition.errors.join('\n'))
  return createFieldRequirements(readAccessMap(composition.sdl))('Shared', 'value')
}

describe.each([
  ['scopes', '@requiresScopes(scopes:', true],
  ['policies', '@policy(policies:', false],
] as const)('%s that subgraphs ask for', (kind, directive, signedIn) => {
  const ask = (sets: readonly (readonly string[])[]) => `${directive} ${JSON.stringify(sets)})`

  it.each<[string, string[][][], string[][]]>([
    ['of one alone are what it says', [[['a', 'b'], ['c']]], [['a', 'b'], ['c']]],
    ['of two are both', [[['a']], [['b']]], [['a', 'b']]],
    [
      'are every pair of their sets',
      [
        [['a'], ['b']],
        [['c'], ['d']],
      ],
      [
        ['a', 'c'],
        ['a', 'd'],
        ['b', 'c'],
        ['b', 'd'],
      ],
    ],
    ['leave out what is more than another asks', [[['a'], ['b']], [['a']]], [['a']]],
    [
      'leave out supersets of three',
      [
        [['a'], ['b', 'c']],
        [['a'], ['c']],
        [['a'], ['d']],
      ],
      [['a'], ['b', 'c', 'd']],
    ],
    ['are those of whoever asks any', [[['a']], []], [['a']]],
  ])('%s', (_, asked, expected) => {
    const requirement = merged(...asked.map((sets) => (sets.length > 0 ? ask(sets) : '')))
    const sorted = requirement[kind].map((sets) => sets.map((set) => [...set].sort()))
    expect(sorted).toEqual([expect.arrayContaining(expected)])
    expect(sorted[0]).toHaveLength(expected.length)
    expect(requirement.signedIn).toBe(signedIn)
  })
})

describe('kinds of requirement together', () => {
  it('are all asked for, and being signed in only where something says so', () => {
    const both = merged('@policy(policies: [["p"]])', '@requiresScopes(scopes: [["s"]])')
    expect(both).toMatchObject({ signedIn: true, scopes: [[['s']]], policies: [[['p']]] })
    expect(merged('@policy(policies: [["p"]]) @authenticated')).toMatchObject({ signedIn: true, policies: [[['p']]] })
    expect(merged('@policy(policies: [["p"]])')).toMatchObject({ signedIn: false, policies: [[['p']]] })
  })

  it('are known under whatever name the supergraph has for them', () => {
    const sdl = `schema @link(url: "https://specs.apollo.dev/policy/v0.1", import: [{ name: "@policy", as: "@says" }], for: SECURITY) { query: Query }
      type Query { a: Int @says(policies: [["p"]]) b: Int @federation__policy(policies: "q") }`
    const requirementOf = createFieldRequirements(readAccessMap(sdl))
    expect([requirementOf('Query', 'a').policies, requirementOf('Query', 'b').policies]).toEqual([[[['p']]], [[['q']]]])
  })

  it('stop a gateway that does not know their version', () => {
    const sdl =
      'schema @link(url: "https://specs.apollo.dev/policy/v9.9", for: SECURITY) { query: Query } type Query { a: Int }'
    expect(() => readAccessMap(sdl)).toThrow('policy/v9.9')
  })
})
