import { composeServices } from '@theguild/federation-composition'
import { parse } from 'graphql'
import { describe, expect, it } from 'vitest'
import { composeEstate } from '../estate.fixture.ts'
import { diffAccess } from './access-diff.ts'
import { describeRequirement } from './access-words.ts'

const head = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@authenticated", "@requiresScopes", "@policy", "@inaccessible"])
  extend schema @link(url: "https://latchkey.dev/requiresAssurance/v1.0", import: ["@requiresAssurance"])
    @composeDirective(name: "@requiresAssurance")
  directive @requiresAssurance(level: AssuranceLevel! = AAL1, maxAge: Int) repeatable on FIELD_DEFINITION | OBJECT | INTERFACE
  enum AssuranceLevel { AAL1 AAL2 }`

function graphOf(types: string): string {
  const typeDefs = parse(`${head.replace('"@inaccessible"]', '"@inaccessible", "@composeDirective"]')} ${types}`)
  const { supergraphSdl, errors } = composeServices([{ name: 'a', url: 'http://a', typeDefs }])
  if (!supergraphSdl) throw new Error(String(errors))
  return supergraphSdl
}

const field = (directives: string): string => graphOf(`type Query { other: Int f: Int ${directives} }`)
const kindOf = (before: string, after: string) => diffAccess(field(before), field(after)).map(({ kind }) => kind)

describe('a change of access', () => {
  it.each<[string, string, string]>([
    ['a field that was open', '', '@authenticated'],
    ['a scope that is asked for', '@authenticated', '@requiresScopes(scopes: [["a"]])'],
    ['one scope more', '@requiresScopes(scopes: [["a"]])', '@requiresScopes(scopes: [["a", "b"]])'],
    ['one way less', '@requiresScopes(scopes: [["a"], ["b"]])', '@requiresScopes(scopes: [["a"]])'],
    ['a policy', '', '@policy(policies: [["p"]])'],
    ['a policy besides', '@authenticated', '@authenticated @policy(policies: [["p"]])'],
    ['one policy more', '@policy(policies: [["p"]])', '@policy(policies: [["p", "q"]])'],
    ['one policy less to choose from', '@policy(policies: [["p"], ["q"]])', '@policy(policies: [["p"]])'],
    ['a proof', '@authenticated', '@requiresAssurance(level: AAL1)'],
    ['a stronger proof', '@requiresAssurance(level: AAL1)', '@requiresAssurance(level: AAL2)'],
    ['a fresher proof', '@requiresAssurance(level: AAL2)', '@requiresAssurance(level: AAL2, maxAge: 60)'],
    ['a shorter age', '@requiresAssurance(maxAge: 61)', '@requiresAssurance(maxAge: 60)'],
  ])('is narrower with %s, and wider the other way round', (_, before, after) => {
    expect(kindOf(before, after)).toEqual(['narrower'])
    expect(kindOf(after, before)).toEqual(['wider'])
  })

  it.each<[string, string, string]>([
    ['another scope', '@requiresScopes(scopes: [["a"]])', '@requiresScopes(scopes: [["b"]])'],
    ['a policy in place of a scope', '@requiresScopes(scopes: [["p"]])', '@policy(policies: [["p"]])'],
    ['a scope in place of a proof', '@requiresAssurance(level: AAL2)', '@requiresScopes(scopes: [["a"]])'],
    [
      'a weaker proof that is fresher',
      '@requiresAssurance(level: AAL2)',
      '@requiresAssurance(level: AAL1, maxAge: 60)',
    ],
  ])('is different with %s', (_, before, after) => {
    expect(kindOf(before, after)).toEqual(['different'])
    expect(kindOf(after, before)).toEqual(['different'])
  })

  it.each<[string, string, string]>([
    ['the order of scopes', '@requiresScopes(scopes: [["a", "b"]])', '@requiresScopes(scopes: [["b", "a"]])'],
    ['a way that another includes', '@requiresScopes(scopes: [["a"]])', '@requiresScopes(scopes: [["a"], ["a", "b"]])'],
    [
      'being signed in, said twice',
      '@requiresScopes(scopes: [["a"]])',
      '@authenticated @requiresScopes(scopes: [["a"]])',
    ],
  ])('is none for %s', (_, before, after) => {
    expect(kindOf(before, after)).toEqual([])
    expect(kindOf(after, before)).toEqual([])
  })

  it('sees through rules that mean together what none of them means alone', () => {
    const both = graphOf(
      `type Query { f: T @requiresScopes(scopes: [["a"], ["b"]]) } type T @requiresScopes(scopes: [["a"], ["c"]]) { x: Int }`,
    )
    const one = graphOf(`type Query { f: T @requiresScopes(scopes: [["a"], ["b", "c"]]) } type T { x: Int }`)
    expect(diffAccess(both, one).find(({ coordinate }) => coordinate === 'Query.f')).toBeUndefined()
  })

  it('is that of a field where its type is guarded, or what it answers with', () => {
    const before = graphOf('type Query { t: T } type T { x: Int }')
    const after = graphOf('type Query { t: T } type T @requiresScopes(scopes: [["a"]]) { x: Int }')
    expect(diffAccess(before, after).map(({ coordinate, kind }) => [coordinate, kind])).toEqual([
      ['Query.t', 'narrower'],
      ['T.x', 'narrower'],
    ])
  })

  it('names what is new and what is gone, and nothing that no client sees', () => {
    const before = graphOf('type Query { a: Int gone: Int @authenticated secret: Int @inaccessible }')
    const after = graphOf('type Query { a: Int fresh: Int secret: Int @inaccessible @authenticated }')
    const changes = diffAccess(before, after)
    expect(changes.map(({ coordinate, kind }) => [coordinate, kind])).toEqual([
      ['Query.fresh', 'added'],
      ['Query.gone', 'removed'],
    ])
    expect(changes.map((change) => describeRequirement(change.after ?? change.before))).toEqual([
      'everyone',
      'signed in',
    ])
  })

  it('is none for the same graph', () => {
    expect(diffAccess(composeEstate(), composeEstate())).toEqual([])
  })
})

it('describes a requirement as a person would say it', () => {
  const describe = (directives: string) =>
    describeRequirement(diffAccess(field(''), field(directives))[0]?.after ?? null)
  expect(describe('@requiresScopes(scopes: [["a", "b"], ["c"]])')).toBe('a and b or c')
  expect(describe('@policy(policies: [["p", "q"], ["r"]])')).toBe('policy p and policy q or policy r')
  expect(describe('@authenticated @policy(policies: [["p"]])')).toBe('signed in and policy p')
  expect(describe('@requiresAssurance(level: AAL2, maxAge: 600)')).toBe('signed in and aal2 proved within 600 s')
})
