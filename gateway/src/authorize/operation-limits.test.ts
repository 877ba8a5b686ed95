import { judgeSize } from '@latchkey/subgraph/operation-size'
import { getIntrospectionQuery, parse } from 'graphql'
import { describe, expect, it } from 'vitest'
import { defaultLimits, type OperationLimits } from './operation-limits.ts'

const judge = (query: string, limits: Partial<OperationLimits> = {}) =>
  judgeSize(parse(query), { ...defaultLimits, ...limits })

const nested = (levels: number) => `{ ${'a { '.repeat(levels - 1)}b${' }'.repeat(levels - 1)} }`
const many = (count: number, of: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => of(index)).join(' ')

describe('an operation is within its limits up to the figure, and beyond them one further', () => {
  it.each([
    ['levels of fields', nested(12), nested(13)],
    ['aliases', `{ a { ${many(15, (i) => `x${i}: b`)} } }`, `{ a { ${many(16, (i) => `x${i}: b`)} } }`],
    ['root fields', `{ ${many(10, (i) => `f${i}`)} }`, `{ ${many(11, (i) => `f${i}`)} }`],
    ['directives', `{ a { ${many(50, (i) => `f${i} @x`)} } }`, `{ a { ${many(51, (i) => `f${i} @x`)} } }`],
    ['fields', `{ a { ${many(499, (i) => `f${i}`)} } }`, `{ a { ${many(500, (i) => `f${i}`)} } }`],
    ['levels of introspection', `{ __schema ${nested(19)} }`, `{ __schema ${nested(20)} }`],
  ])('%s', (what, within, beyond) => {
    expect(judge(within)).toBeNull()
    expect(judge(beyond)).toContain(what)
  })

  it('wherever directives stand', () => {
    const limits = { directivesMax: 4 }
    const query = 'query ($v: Int @a) @b { ...F @c ... @d { x } } fragment F on Query'
    expect(judge(`${query} { y }`, limits)).toBeNull()
    expect(judge(`${query} @e { y }`, limits)).toContain('directives')
  })
})

describe('fragments', () => {
  it('count as if they were written out', () => {
    expect(judge(`{ a { ...F } } fragment F on A ${nested(11)}`)).toBeNull()
    expect(judge(`{ a { ...F } } fragment F on A ${nested(12)}`)).toContain('levels')
    expect(judge(`{ ...F ...F } fragment F on Query { ${many(5, (i) => `f${i}`)} }`)).toBeNull()
    expect(judge(`{ ...F ...F ...F } fragment F on Query { ${many(5, (i) => `f${i}`)} }`)).toContain('root fields')
    expect(judge(`{ x { ...F } y { ...F } } fragment F on A { ${many(8, (i) => `a${i}: b`)} }`)).toContain('aliases')
  })

  it('that multiply are a large number, and are counted to the end', () => {
    const bomb = `{ a { ...F0 } } ${many(200, (i) => `fragment F${i} on A { ...F${i + 1} ...F${i + 1} }`)} fragment F200 on A { b }`
    expect(judge(bomb)).toContain('fields')
  })

  it('that go round in a circle end', () => {
    expect(judge('{ ...A } fragment A on Q { a { ...B } } fragment B on Q { b { ...A } }')).toBeNull()
    expect(judge('{ ...A } fragment A on Q { ...A }')).toBeNull()
  })
})

describe('introspection', () => {
  it('of Sandbox and GraphiQL is within its own rule', () => {
    expect(
      judge(getIntrospectionQuery({ inputValueDeprecation: true, oneOf: true, schemaDescription: true })),
    ).toBeNull()
  })

  it('does not lend its depth to the fields beside it', () => {
    expect(judge(`{ __schema { types { name } } ${nested(13).slice(1)}`)).toContain('levels of fields')
  })
})

describe('fields that check a credential', () => {
  it.each([
    ['by alias', 'mutation { a: signIn b: signIn }'],
    ['by fragment', 'mutation { signIn ...F } fragment F on Mutation { x: signIn }'],
    ['by inline fragment', 'mutation { ... { signIn } ... on Mutation { refreshSession } }'],
    ['of two kinds', 'mutation { signIn verifyEmail }'],
    ['under @skip', 'mutation { signIn x: signIn @skip(if: true) }'],
  ])('are asked once at most: %s', (_, query) => {
    expect(judge(query)).toContain('checks a credential')
  })

  it('are free below the root, and alone', () => {
    expect(judge('mutation { signIn { signIn { signIn } } ping }')).toBeNull()
  })

  it('are those that are named', () => {
    expect(judge('mutation { a: ping b: ping }', { oncePerOperation: ['ping'] })).toContain('checks a credential')
  })
})

it('every operation of a document is judged, whichever is asked for', () => {
  expect(judge(`query A { a } query B ${nested(13)}`)).toContain('levels of fields')
})
