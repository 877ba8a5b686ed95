import { buildSchema, GraphQLError } from 'graphql'
import { describe, expect, it } from 'vitest'
import { defaultLimits } from './authorize/operation-limits.ts'
import { createOperations } from './operations.ts'

function operations(entriesMax = 1_000) {
  const compiled: (string | undefined)[] = []
  const kept = createOperations({
    schema: buildSchema('type Query { a(x: Int): Int } type Mutation { b: Int } type Subscription { c: Int }'),
    compile: (_document, operationName) => {
      compiled.push(operationName)
      if (operationName === 'Unsupported') throw new GraphQLError('Not supported.')
      return { operationName }
    },
    readRequirement: () => ({ signedIn: false, scopes: [], policies: [], assurance: null }),
    readFootprint: () => ({ coordinates: [], introspection: [], uses: [], variables: [] }),
    readCost: () => ({ formula: 0, fault: null, asked: new Map<string, number>() }),
    limits: defaultLimits,
    schemaDetails: 'open',
    entriesMax,
  })
  return { ...kept, compiled }
}

describe('operations', () => {
  it('are compiled once per document and name', () => {
    const { prepare, find, compiled } = operations()
    const query = 'query A { a } mutation B { b }'
    for (const name of ['A', 'B', 'A', 'B']) prepare(query, name)
    expect(compiled).toEqual(['A', 'B'])
    expect([find(query, 'A')?.kind, find(query, 'B')?.kind]).toEqual(['query', 'mutation'])
    expect(find(query, 'C')).toBeUndefined()
  })

  it('that differ and keep coming push out one another, and nothing grows', () => {
    const { prepare, find } = operations(50)
    for (let x = 0; x < 500; x++) prepare(`{ a(x: ${x}) }`, undefined)
    const known = Array.from({ length: 500 }, (_, x) => find(`{ a(x: ${x}) }`, undefined)).filter(Boolean)
    expect(known).toHaveLength(50)
  })

  it('that weigh much are fewer', () => {
    const { prepare, find } = operations()
    const heavy = (n: number) => `{ a(x: ${n}) } ${'#\n'.repeat(32_000)}`
    for (let n = 0; n < 20; n++) prepare(heavy(n), undefined)
    expect(Array.from({ length: 20 }, (_, n) => find(heavy(n), undefined)).filter(Boolean)).toHaveLength(10)
  })

  it('are not pushed out by blanks', () => {
    const { prepare, find } = operations()
    prepare('{ a }', undefined)
    for (let n = 0; n < 500; n++) prepare(`{ __typename } #${n}${' '.repeat(65_000)}`, undefined)
    expect(find('{ a }', undefined)).toBeDefined()
    expect(() => prepare(`{ __typename } #${' '.repeat(65_536)}`, undefined)).toThrow(
      /larger than allowed: more than 65536/,
    )
  })

  it('that are not valid are told so in few and short words', () => {
    const long = 'x'.repeat(20_000)
    const errors = refusalOf(`{ a(x: "${long}") ${Array.from({ length: 50 }, (_, n) => `no${n} `).join('')} }`)
    expect(errors.length).toBeLessThanOrEqual(11)
    for (const text of [`{ a "${long}" }`, `{ a(x: "${long}") }`])
      for (const { message } of refusalOf(text)) expect(message.length).toBeLessThanOrEqual(300)
    expect(refusalOf('query A { a }', long)[0]?.message.length).toBeLessThanOrEqual(300)
  })

  it('are known by how often they are asked for', () => {
    const { prepare, mostAsked } = operations()
    for (const query of ['{ a }', 'query A { a }', 'query A { a }', 'query A { a }', '{ a }', 'query B { a }'])
      prepare(query, undefined)
    expect(mostAsked(2).map(({ query, operationName }) => [query, operationName])).toEqual([
      ['query A { a }', undefined],
      ['{ a }', undefined],
    ])
  })

  it('that are refused are judged anew each time, and not kept', () => {
    const { prepare, find, compiled } = operations()
    for (const [query, name] of [
      ['{ nothing }', undefined],
      [`{ ${'a '.repeat(2_001)} }`, undefined],
      ['query Unsupported { a }', undefined],
    ] as const) {
      expect(() => prepare(query, name)).toThrow()
      expect(() => prepare(query, name)).toThrow()
      expect(find(query, name)).toBeUndefined()
    }
    expect(compiled).toEqual(['Unsupported', 'Unsupported'])
  })

  it('are measured before they are validated, so that a bomb costs nothing', () => {
    expect(refusalOf('{ nothing }')[0]?.message).toMatch(/nothing/)
    expect(() => operations().prepare(`{ ${'x: nothing '.repeat(490)} }`, undefined)).toThrow(/aliases/)
  })
})

function refusalOf(query: string, operationName?: string): readonly Error[] {
  try {
    operations().prepare(query, operationName)
    return []
  } catch (thrown) {
    if (thrown instanceof AggregateError) return thrown.errors
    return thrown instanceof Error ? [thrown] : []
  }
}
