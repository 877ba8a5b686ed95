/** Entities across subgraphs: keys of every shape, and who is asked how often. */
import { setTimeout as pause } from 'node:timers/promises'
import { parse } from 'graphql'
import { describe, expect, it } from 'vitest'
import { expectAgreement, federate, type Thing } from './federation.contract.ts'

const users: Thing[] = [
  { __typename: 'User', id: '1', name: 'Ada', age: 36, email: 'ada@example.test' },
  { __typename: 'User', id: '2', name: 'Grace', age: 85, email: null },
]

describe('one entity in two subgraphs', () => {
  const federation = federate(
    {
      a: 'type Query { me: User users: [User!]! none: User } type User @key(fields: "id") { id: ID! name: String! }',
      b: 'type User @key(fields: "id") { id: ID! age: Int email: String }',
    },
    { Query: { me: users[0], users: [...users, users[0]], none: null }, entities: users },
  )

  it.each([
    '{ me { id name age email } }',
    '{ users { age id x: name } }',
    '{ me { __typename t: __typename age } __typename q: __typename }',
    '{ none { id age } me { age } }',
    '{ me { age } again: me { email } }',
    '{ me { age } me { email } me { name } }',
  ])('answers %s', (query) => expectAgreement(federation, query))

  it.each([
    '{ me { name: email id: name email: id age } }',
    '{ me { id: age age: id __typename: name } }',
    '{ me { constructor: name toString: age __proto__: email } }',
    '{ me { _alias_name: age name: email _internal_qp_alias_0: id _entities: name } }',
    '{ me: users { me: age users: name } users: me { id: email } }',
  ])('keeps an alias apart from the field of that name in %s', (query) => expectAgreement(federation, query))

  it('asks for each entity once per fetch and gives the answer to every place', async () => {
    federation.asked.length = 0
    await expectAgreement(federation, '{ users { id age } }')
    const asked = federation.asked.find(({ subgraph }) => subgraph === 'b')
    expect(asked?.variables.representations).toEqual([
      { __typename: 'User', id: '1' },
      { __typename: 'User', id: '2' },
    ])
  })

  it('asks no subgraph for entities that are not there', async () => {
    federation.asked.length = 0
    await expectAgreement(federation, '{ none { id age } }')
    expect(federation.asked.map(({ subgraph }) => subgraph)).toEqual(['a'])
  })

  it('sends the same operation text on every run', async () => {
    federation.asked.length = 0
    const document = parse('{ users { age } }')
    await federation.together(document)
    await federation.together(document)
    expect(new Set(federation.asked.map(({ query }) => query)).size).toBe(2)
  })
})

describe('an entity that a subgraph does not know', () => {
  const known = users[0] as Thing
  const unknown = { __typename: 'User', id: '3', name: 'Nobody', age: null, email: null }
  const federation = federate(
    {
      a: 'type Query { users: [User!]! } type User @key(fields: "id") { id: ID! name: String! }',
      b: 'type User @key(fields: "id") { id: ID! age: Int email: String }',
    },
    { Query: { users: [known, unknown] }, entities: [known] },
  )
  it('has null for what that subgraph would have said', () =>
    expectAgreement(federation, '{ users { name age email } }'))
})

describe('compound and nested keys', () => {
  const brand = { __typename: 'Brand', id: 'b1', country: { code: 'de', name: 'Germany' } }
  const products: Thing[] = [1, 2].map((n) => ({
    ...{
      __typename: 'Product',
      sku: `s${n}`,
      pkg: 'box',
      brand,
      price: n * 10,
      stock: n,
      weight: n / 2,
      title: `t${n}`,
    },
  }))
  const federation = federate(
    {
      a: `type Query { products: [Product] grid: [[Product!]!]! }
        type Product @key(fields: "sku pkg") @key(fields: "sku brand { id country { code } }") {
          sku: String! pkg: String! brand: Brand title: String }
        type Brand @shareable { id: ID! country: Country } type Country @shareable { code: ID! name: String }`,
      b: 'type Product @key(fields: "sku pkg") { sku: String! pkg: String! price: Int }',
      c: `type Product @key(fields: "sku brand { id country { code } }") { sku: String! brand: Brand stock: Int }
        type Brand @shareable { id: ID! country: Country } type Country @shareable { code: ID! }`,
    },
    { Query: { products: [...products, null], grid: [products, [], [products[1]]] }, entities: products },
  )
  it.each([
    '{ products { price } }',
    '{ products { stock price title } }',
    '{ grid { stock price } }',
    '{ grid { title price brand { country { name } } } }',
  ])('answers %s', (query) => expectAgreement(federation, query))
})

describe('a chain of different keys', () => {
  const books: Thing[] = ['1', '2', '3'].map((n) => ({
    ...{ __typename: 'Book', id: n, upc: `u${n}`, isbn: `i${n}`, title: `T${n}`, author: { name: `A${n}` } },
  }))
  const federation = federate(
    {
      a: 'type Query { books: [Book] } type Book @key(fields: "upc") { upc: ID! }',
      b: 'type Book @key(fields: "id") @key(fields: "upc") { id: ID! upc: ID! }',
      c: `type Book @key(fields: "id") @key(fields: "isbn") { id: ID! isbn: ID! author: Author }
        type Author { name: String }`,
      d: 'type Book @key(fields: "isbn") { isbn: ID! title: String! }',
    },
    { Query: { books: [...books, null, books[0]] }, entities: books },
  )
  it.each([
    '{ books { upc author { name } } }',
    '{ books { title } }',
    '{ books { id isbn upc title author { name } } }',
  ])('is followed for %s', (query) => expectAgreement(federation, query))
})

describe('an entity with a null key', () => {
  const books: Thing[] = [
    { __typename: 'Book', upc: 'u1', id: '1', author: 'Ada' },
    { __typename: 'Book', upc: 'u2', id: null, author: null },
  ]
  const federation = federate(
    {
      a: 'type Query { books: [Book] } type Book @key(fields: "upc") { upc: ID! }',
      b: 'type Book @key(fields: "upc") @key(fields: "id") { id: ID upc: ID! }',
      c: 'type Book @key(fields: "id") { id: ID author: String }',
    },
    { Query: { books }, entities: books },
  )
  it('is not asked for', async () => {
    await expectAgreement(federation, '{ books { upc author } }')
    const asked = federation.asked.filter(({ subgraph }) => subgraph === 'c')
    expect(asked.map(({ variables }) => variables.representations)).toEqual([[{ __typename: 'Book', id: '1' }]])
  })
})

describe('references to entities', () => {
  const tree: Thing = { __typename: 'Category', id: 'c1', name: 'All', details: { products: 5 } }
  const child: Thing = { __typename: 'Category', id: 'c2', name: 'Books', details: { products: 2 }, parent: tree }
  tree.children = [child, child]
  tree.parent = null
  child.children = []
  const product: Thing = { __typename: 'Product', id: 'p1', category: child, related: [], name: 'Pen', price: 3 }
  const other: Thing = { __typename: 'Product', id: 'p2', category: tree, related: [product], name: 'Ink', price: 4 }
  product.related = [other, product]
  const federation = federate(
    {
      a: `type Query { product: Product top: [Product] } type Product @key(fields: "id") { id: ID! category: Category }
        type Category @key(fields: "id", resolvable: false) { id: ID! }`,
      b: `type Category @key(fields: "id") { id: ID! name: String details: Details parent: Category children: [Category!] }
        type Details { products: Int }`,
      c: 'type Product @key(fields: "id") { id: ID! name: String! related: [Product!]! }',
      d: 'type Product @key(fields: "id") { id: ID! price: Int! }',
    },
    { Query: { product, top: [product, other] }, entities: [tree, child, product, other] },
  )
  it.each([
    '{ product { category { name details { products } } } }',
    '{ product { category { parent { name parent { id } } children { id } } price } }',
    '{ top { name category { children { name parent { name } } } related { price category { name } } } }',
    '{ top { related { related { price name category { id details { products } } } } } }',
    '{ product { id category { id } related { id } } }',
  ])('are followed in %s', (query) => expectAgreement(federation, query))
})

describe('federation 1 schemas', () => {
  const schemas = (extension: string) => ({
    a: `# federation 1
      type Query { randomUser: User users: [User] } ${extension} @key(fields: "id") { id: ID! @external name: String! @external rid: ID }`,
    b: '# federation 1\n type Query { providedUser: User } type User @key(fields: "id") { id: ID! name: String! }',
  })
  const people = users.map((user) => ({ ...user, rid: `r${user.id}` }))
  const world = { Query: { randomUser: people[0], users: people, providedUser: people[1] }, entities: people }
  it.each([['extend type User'], ['type User @extends']])('extend a type with `%s`', async (extension) => {
    const federation = federate(schemas(extension), world)
    await expectAgreement(federation, '{ randomUser { id rid name } users { name rid } providedUser { rid name } }')
  })
})

describe('shared root fields', () => {
  const product = { name: { brand: 'B', model: 'M' }, category: 'C', price: { amount: 3, currency: 'EUR' } }
  const federation = federate(
    {
      a: `type Query { product: Product @shareable products: [Product] @shareable } type Product @shareable { name: Name }
        type Name { brand: String model: String }`,
      b: `type Query { product: Product @shareable products: [Product] @shareable } type Product @shareable { category: String }`,
      c: `type Query { product: Product @shareable products: [Product] @shareable } type Product @shareable { price: Price }
        type Price { amount: Int currency: String }`,
    },
    { Query: { product, products: [product, product] } },
  )
  it.each([
    '{ product { name { model } category price { amount } } }',
    '{ products { price { currency } name { brand } } }',
  ])('are merged for %s', (query) => expectAgreement(federation, query))

  it.each(['a', 'b'])(
    'that one subgraph lost with all it was asked are told once, also when %s answers last',
    async (last) => {
      const lossy = federate(
        {
          a: `type Query { product: Product! @shareable must: Int! } type Product @shareable { name: String! }`,
          b: `type Query { product: Product! @shareable } type Product @shareable { price: Int }`,
        },
        { Query: { product: { name: 'N', price: 3 }, must: null } },
      )
      lossy.disturb(last, (next) => async (request) => {
        await pause(20)
        return next(request)
      })
      await expectAgreement(lossy, '{ product { name price } must }')
    },
  )
})

describe('override', () => {
  const posts = [{ __typename: 'Post', id: '1', title: 'T', likes: 4, author: { name: 'Ada' } }]
  const federation = federate(
    {
      a: `type Query { posts: [Post] } type Post @key(fields: "id") { id: ID! title: String likes: Int author: Author }
        type Author @shareable { name: String }`,
      b: `type Query { feed: [Post] } type Post @key(fields: "id") { id: ID! likes: Int @override(from: "a")
          author: Author @override(from: "a") score: Int @requires(fields: "title") title: String @external }
        type Author @shareable { name: String }`,
    },
    {
      Query: { posts, feed: posts },
      entities: posts.map((post) => ({ ...post, score: scoreOf })),
    },
  )
  function scoreOf(this: Thing): number {
    return String(this.title).length
  }
  for (const post of posts) Object.assign(post, { score: scoreOf })
  it.each(['{ posts { title likes author { name } } }', '{ feed { likes title score } posts { score } }'])(
    'moves a field in %s',
    async (query) => {
      federation.asked.length = 0
      await expectAgreement(federation, query)
      const likes = federation.asked.filter((one) => one.query.includes('likes'))
      expect(likes.every(({ subgraph }) => subgraph === 'b')).toBe(true)
    },
  )
})
