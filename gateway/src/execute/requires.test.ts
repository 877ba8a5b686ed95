/** @requires and @provides: what one subgraph must be told by another, and what it need not ask. */
import { describe, expect, it } from 'vitest'
import { expectAgreement, federate, type Thing } from './federation.contract.ts'

/** A field that takes arguments where it is at home, and is a plain value in a representation. */
const read = (value: unknown, args: Thing = {}): unknown => (typeof value === 'function' ? value(args) : value)

describe('requires', () => {
  const product = (id: string, euros: number, weight: number | null): Thing => {
    const price = ({ currency = 'USD' }: Thing) => (currency === 'EUR' ? euros : euros * 2)
    return {
      ...{ __typename: 'Product', id, weight, price },
      dims: [
        { size: 1, unit: 'm' },
        { size: euros, unit: 'cm' },
      ],
      shipping(this: Thing, { zone = 1 }: Thing) {
        return this.weight === null
          ? null
          : Number(this.weight) * Number(zone) + Number(read(this.price, { currency: 'EUR' }))
      },
      dollars(this: Thing) {
        return `$${read(this.price)}`
      },
      volume(this: Thing) {
        return (this.dims as Thing[]).reduce((sum, { size }) => sum + Number(size), 0) // a list where it is at home
      },
      label(this: Thing) {
        const dollars = typeof this.dollars === 'function' ? this.dollars() : this.dollars
        const shipping = typeof this.shipping === 'function' ? this.shipping({}) : this.shipping
        return `${shipping} ${dollars}`
      },
    }
  }
  const products = [product('1', 10, 2), product('2', 20, null)]
  const federation = federate(
    {
      a: `type Query { product: Product products: [Product] shared: Product @shareable } type Product @key(fields: "id") {
          id: ID! price(currency: String): Int weight: Int dims: [Dim] } type Dim @shareable { size: Int unit: String }`,
      b: `type Query { shared: Product @shareable } type Product @key(fields: "id") { id: ID! weight: Int @external price(currency: String): Int @external
          dims: [Dim] @external
          shipping(zone: Int): Int @requires(fields: "weight price(currency: \\"EUR\\")")
          dollars: String @requires(fields: "price(currency: \\"USD\\")")
          volume: Int @requires(fields: "dims { size }") } type Dim @shareable { size: Int unit: String }`,
      c: `type Query { other: Product } type Product @key(fields: "id") { id: ID! shipping(zone: Int): Int @external
          dollars: String @external label: String @requires(fields: "shipping dollars") }`,
    },
    {
      Query: { product: products[0], products: [...products, products[0]], other: products[1], shared: products[0] },
      entities: products,
    },
  )
  it.each([
    '{ product { shipping } }',
    '{ products { id shipping(zone: 3) dollars } }',
    '{ products { price shipping price2: price(currency: "EUR") dollars volume } }',
    '{ product { price(currency: "EUR") dollars: shipping shipping: dollars } }',
    '{ products { price: volume weight: price weight2: weight shipping dims { unit } } }',
    '{ products { label } other { label shipping id } }',
    '{ products { label shipping(zone: 3) } }',
    '{ other { dollars price(currency: "EUR") } }',
    '{ other { shipping price(currency: "GBP") } }',
    'query ($c: String = "GBP") { other { ... on Product { shipping } price(currency: $c) } }',
    '{ other { ...F price } } fragment F on Product { dollars }',
    '{ shared { dollars price(currency: "EUR") } }',
    '{ shared { price(currency: "EUR") shipping } }',
    'query ($z: Int) { products { ... on Product { shipping price(currency: "GBP") } ...F } } fragment F on Product { label s: shipping(zone: $z) }',
    '{ other { price(currency: "GBP") label dollars } product { dollars price(currency: "EUR") } }',
    'query ($z: Int, $c: String = "EUR") { products { a: shipping(zone: $z) b: shipping(zone: 2) price(currency: $c) } }',
  ])('is fed for %s', (query) => expectAgreement(federation, query, { z: 7 }))

  it('does not show what was only fetched for another subgraph', async () => {
    await expectAgreement(federation, '{ product { shipping } }')
    expect(federation.asked.some(({ variables }) => JSON.stringify(variables).includes('"price":10'))).toBe(true)
  })
})

describe('requires with fragments on an abstract field', () => {
  function describe_(this: Thing): string {
    const { id, n, m } = this.kind as Thing
    return JSON.stringify([id, n ?? null, m ?? null])
  }
  const things: Thing[] = [
    { __typename: 'Thing', id: '1', kind: { __typename: 'One', id: 'k1', n: 4 }, described: describe_ },
    { __typename: 'Thing', id: '2', kind: { __typename: 'Two', id: 'k2', m: 'x' }, described: describe_ },
  ]
  const kinds = `interface Kind { id: ID } type One implements Kind @shareable { id: ID n: Int }
    type Two implements Kind @shareable { id: ID m: String }`
  const federation = federate(
    {
      a: `type Query { things: [Thing] } type Thing @key(fields: "id") { id: ID! kind: Kind } ${kinds}`,
      b: `type Thing @key(fields: "id") { id: ID! kind: Kind @external
        described: String @requires(fields: "kind { id ... on One { n } ... on Two { m } }") } ${kinds}`,
    },
    { Query: { things }, entities: things },
  )
  it.each(['{ things { described } }', '{ things { kind { ... on One { id } } described } }'])(
    'is fed for %s',
    (query) => expectAgreement(federation, query),
  )
})

describe('provides', () => {
  const categories: Thing[] = [{ __typename: 'Category', id: 'c1', name: 'Books', sub: { id: 's1', label: 'Sub' } }]
  const products: Thing[] = [{ __typename: 'Product', id: 'p1', name: 'Pen', categories }]
  const book = {
    __typename: 'Book',
    id: 'b1',
    title: 'T',
    animals: [{ __typename: 'Dog', id: 'd', name: 'Rex', age: 3 }],
  }
  const federation = federate(
    {
      a: `type Query { products: [Product] @provides(fields: "categories { id name }") }
        type Product @key(fields: "id") { id: ID! categories: [Category] @external }
        type Category @key(fields: "id") { id: ID! name: String @external }`,
      b: `type Product @key(fields: "id") { id: ID! name: String categories: [Category] }
        type Category @key(fields: "id") { id: ID! sub: Sub } type Sub { id: ID label: String }`,
      c: 'type Category @key(fields: "id") { id: ID! name: String }',
      d: `type Query { media: Media @provides(fields: "... on Book { title } animals { ... on Dog { name } }") }
        interface Media { id: ID! animals: [Animal] } interface Animal { id: ID! name: String }
        type Book implements Media @key(fields: "id") { id: ID! title: String @external animals: [Animal] @external }
        type Dog implements Animal @key(fields: "id") { id: ID! name: String @external }`,
      e: `interface Media { id: ID! animals: [Animal] } interface Animal { id: ID! name: String }
        type Book implements Media @key(fields: "id") { id: ID! title: String animals: [Animal] }
        type Dog implements Animal @key(fields: "id") { id: ID! name: String age: Int }`,
    },
    { Query: { products, media: book }, entities: [...categories, ...products, book, ...book.animals] },
  )
  it.each([
    '{ products { id categories { id name } } }',
    '{ products { name categories { name sub { label } } } }',
    '{ media { id ... on Book { title animals { name } } } }',
    '{ media { animals { id name ... on Dog { age } } } }',
  ])('is used for %s', (query) => expectAgreement(federation, query))

  it('saves the question', async () => {
    federation.asked.length = 0
    await expectAgreement(federation, '{ products { categories { name } } }')
    expect(federation.asked.map(({ subgraph }) => subgraph)).toEqual(['a'])
  })
})
