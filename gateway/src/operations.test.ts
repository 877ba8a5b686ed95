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
    readRequirement: () => ({ signedIn: false, scopes: [] }),
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
    const heavy = (n: number) => `{ a(x: ${n}) } #${'x'.repeat(200_000)}`
    for (let n = 0; n < 20; n++) prepare(heavy(n), undefined)
    expect(Array.from({ length: 20 }, (_, n) => find(heavy(n), undefined)).filter(Boolean).length).toBeLessThan(10)
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
    const repeated = `{ ${'x: a '.repeat(490)} }`
    const startedAt = performance.now()
    expect(() => operations().prepare(repeated, undefined)).toThrow(/aliases/)
    expect(performance.now() - startedAt).toBeLessThan(50)
  })
})
