import { buildSchema, parse } from 'graphql'
import { describe, expect, it } from 'vitest'
import { readCostMap } from './cost-map.ts'
import { costMax } from './formula.ts'
import { createCostReader, plannedCost } from './planned-cost.ts'

const sdl = `
  schema @link(url: "https://specs.apollo.dev/cost/v0.1", import: [{ name: "@cost", as: "@weighs" }, "@listSize"]) { query: Query mutation: Mutation }
  directive @link(url: String, import: [Thing]) on SCHEMA
  scalar Thing
  directive @weighs(weight: Int!) on ARGUMENT_DEFINITION | ENUM | FIELD_DEFINITION | INPUT_FIELD_DEFINITION | OBJECT | SCALAR
  directive @listSize(assumedSize: Int, slicingArguments: [String!], sizedFields: [String!], requireOneSlicingArgument: Boolean = true) on FIELD_DEFINITION
  type Query {
    one: Item
    name: String
    items: [Item!]!
    few: [Item!]! @listSize(assumedSize: 3)
    names: [String!]!
    grid: [[Item!]!]! @listSize(assumedSize: 3)
    page(first: Int = 20, after: String): Page! @listSize(slicingArguments: ["first"], sizedFields: ["edges", "nodes"])
    some(first: Int, last: Int): [Item!] @listSize(assumedSize: 50, slicingArguments: ["first", "last"], requireOneSlicingArgument: false)
    exact(first: Int, last: Int): [Item!] @listSize(slicingArguments: ["first", "last"])
    report: String @weighs(weight: 40)
    free: Item @weighs(weight: -5)
    filtered(by: Filter, deep: Boolean @weighs(weight: 6)): [Item!] @listSize(assumedSize: 2)
    node: Node
    any: Any
    nodes: [Node!]! @listSize(assumedSize: 4)
  }
  type Mutation { change: Item ping: String heavy: Item @weighs(weight: 100) }
  input Filter { text: String @weighs(weight: 7) inner: [Filter!] }
  interface Node { id: ID }
  type Item implements Node { id: ID item: Item items: [Item!]! color: Color }
  type Dear implements Node @weighs(weight: 30) { id: ID items: [Item!]! }
  union Any = Item | Dear
  enum Color @weighs(weight: 2) { RED }
  type Page { edges: [Edge!]! nodes: [Item!]! total: Int }
  type Edge { node: Item }
`
const read = createCostReader(buildSchema(sdl), readCostMap(sdl))

function planned(query: string) {
  const document = parse(query)
  const [operation] = document.definitions
  if (operation?.kind !== 'OperationDefinition') throw new Error('the operation comes first')
  return read(document, operation)
}
const costOf = (query: string, variables = {}) => plannedCost(planned(query), variables)

describe('an operation costs', () => {
  it.each([
    ['an object one and a scalar nothing', '{ one { id } name }', 1],
    ['each object below again', '{ one { item { item { id } } } }', 3],
    ['a list of which nothing is said, ten times what is in it', '{ items { id item { id } } }', 20],
    ['a list as often as the schema assumes', '{ few { id } }', 3],
    ['lists in lists the product', '{ few { items { items { id } } } }', 3 * (1 + 10 * (1 + 10))],
    ['a list of scalars nothing', '{ names }', 0],
    ['a list of lists by both', '{ grid { id } }', 30],
    ['every alias again', '{ a: few { id } b: few { id } c: few { id } }', 9],
    [
      'a fragment as often as it is spread',
      '{ a: one { ...F } b: one { ...F } } fragment F on Item { items { id } }',
      22,
    ],
    ['what is under a condition', '{ few @include(if: false) { id } }', 3],
    ['a page by its lists', '{ page { edges { node { id } } total } }', 1 + 20 * 2],
    ['both lists of a page', '{ page(first: 5) { edges { node { id } } nodes { id } } }', 1 + 10 + 5],
    ['a page whose lists are behind a fragment', '{ page(first: 5) { ...P } } fragment P on Page { nodes { id } }', 6],
    ['a weight of a field in place of its type', '{ report }', 40],
    ['an enum what it weighs', '{ one { color } }', 3],
    ['never less than nothing', '{ free { id } one { id } }', 1],
    ['an argument that weighs once, however long the list', '{ filtered(deep: true) { id } }', 8],
    ['an input by what is in it', '{ filtered(by: { text: "a", inner: [{ text: "b" }, { text: "c" }] }) { id } }', 23],
    ['ten for a change, besides what it answers with', 'mutation { change { id } ping }', 21],
    ['a change by its weight', 'mutation { heavy { id } }', 100],
    [
      'the introspection a hundred, and __typename nothing',
      '{ __typename __schema { types { fields { name } } } }',
      100,
    ],
    ['the dearest of the types that may stand there', '{ node { id } }', 30],
    [
      'the dearest of the fragments',
      '{ any { ... on Item { items { id } } ... on Dear { items { items { id } } } } }',
      30 + 110,
    ],
    ['a list on an interface', '{ nodes { id ... on Item { item { id } } } }', 4 * 31],
  ])('%s', (_, query, cost) => expect(costOf(query)).toBe(cost))
})

describe('a size that is asked for', () => {
  it('counts, as text and as a variable', () => {
    expect(costOf('{ some(first: 7) { id } }')).toBe(7)
    expect(costOf('query ($n: Int) { some(first: $n) { id } }', { n: 7 })).toBe(7)
    expect(costOf('query ($n: Int) { page(first: $n) { edges { node { id } } } }', { n: 100 })).toBe(201)
  })

  it('is the larger of two', () => {
    expect(costOf('query ($n: Int) { some(first: $n, last: 9) { id } }', { n: 7 })).toBe(9)
    expect(costOf('query ($n: Int) { some(first: $n, last: 9) { id } }', { n: 70 })).toBe(70)
  })

  it('is what the variable, else the argument, says by default', () => {
    expect(costOf('query ($n: Int = 8) { some(first: $n) { id } }')).toBe(8)
    expect(costOf('query ($n: Int) { page(first: $n) { nodes { id } } }')).toBe(21)
    expect(costOf('query ($n: Int) { some(first: $n) { id } }')).toBe(50)
  })

  it.each([[null], [-1], [-(2 ** 31)], [1.5], ['1'], ['x'], [true], [[1]], [{}], [Number.NaN]])(
    'is as many as are assumed for %j, which is no size',
    (n) => expect(costOf('query ($n: Int) { some(first: $n) { id } }', { n })).toBe(50),
  )

  it('counts as one where none is asked for: nothing below becomes free by it', () => {
    expect(costOf('{ some(first: 0) { items { id } } }')).toBe(11)
    expect(costOf('query ($n: Int) { some(first: $n) { items { id } } }', { n: 0 })).toBe(11)
  })

  it('never leads past the largest number, nor back from there', () => {
    const nested = `query ($n: Int) { ${'some(first: $n) { '.repeat(1)}${'id '}} }`
    expect(costOf(nested, { n: 2 ** 31 - 1 })).toBe(2 ** 31 - 1)
    const pages = Array.from({ length: 40 }, (_, at) => `a${at}: some(first: $n) { items { items { items { id } } } }`)
    expect(costOf(`query ($n: Int) { ${pages.join(' ')} }`, { n: 1e300 })).toBe(costMax)
    expect(costOf('query ($n: Int) { some(first: $n) { items { id } } }', { n: Number.MAX_VALUE })).toBe(costMax)
  })

  it('is not found on what every object has', () => {
    expect(costOf('query ($constructor: Int) { some(first: $constructor) { id } }')).toBe(50)
  })
})

describe('an operation that goes against its schema', () => {
  it.each(['{ exact { id } }', '{ exact(first: 1, last: 2) { id } }', '{ exact(first: null) { id } }'])(
    'has a fault: %s',
    (query) => expect(planned(query).fault).toBe('exact takes exactly one of first, last'),
  )
  it.each(['{ exact(last: 2) { id } }', '{ page { total } }', '{ some { id } }'])('has none: %s', (query) =>
    expect(planned(query).fault).toBeNull(),
  )
})

it('an input nested without end costs all there is, and breaks nothing', () => {
  let by: object = { text: 'x' }
  for (let level = 0; level < 20_000; level++) by = { inner: [by] }
  expect(costOf('query ($by: Filter) { filtered(by: $by) { id } }', { by })).toBe(costMax)
})

it('looks twice at most at each variable, also with fifty fields', () => {
  const fields = Array.from(
    { length: 10 },
    (_, at) => `f${at}: page(first: $n${at}) { edges { node { id color } } nodes { id } }`,
  )
  const variables = Array.from({ length: 10 }, (_, at) => `$n${at}: Int`)
  const cost = planned(`query (${variables.join(' ')}) { ${fields.join(' ')} }`)
  const read: unknown[] = []
  const values = Object.fromEntries(Array.from({ length: 10 }, (_, at): [string, unknown] => [`n${at}`, at + 1]))
  const given = new Proxy(values, {
    get(target, name) {
      read.push(name)
      return Reflect.get(target, name)
    },
  })
  plannedCost(cost, given)
  expect(new Set(read)).toEqual(new Set(Object.keys(values)))
  expect(read.length).toBeLessThanOrEqual(20)
})
