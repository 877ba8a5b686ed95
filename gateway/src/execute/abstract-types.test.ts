/** Interfaces, unions and interface objects across subgraphs. */
import { parse } from 'graphql'
import { describe, expect, it } from 'vitest'
import { expectAgreement, federate, type Thing } from './federation.contract.ts'

describe('interfaces and unions over several subgraphs', () => {
  const magazine: Thing = { __typename: 'Magazine', id: 'm1', title: 'Mag', price: 4, issue: 7, size: 'A4' }
  const book: Thing = { __typename: 'Book', id: 'b1', title: 'Bk', price: 12, pages: 300, size: 11 }
  const toaster: Thing = { __typename: 'Toaster', id: 't1', price: 40, watts: 800 }
  const agency: Thing = { __typename: 'Agency', id: 'a1', companyName: 'Ltd', publishes: [book, magazine] }
  const person: Thing = { __typename: 'Person', id: 'p1', name: 'Ada', publishes: [magazine], agent: agency }
  Object.assign(book, { by: agency, similar: [magazine, book, null] })
  Object.assign(magazine, { by: person, similar: [book] })
  Object.assign(toaster, { similar: [toaster] })
  const items = [magazine, book, toaster, book]
  const federation = federate(
    {
      a: `type Query { items: [Item] sold: [Sold!]! publishers: [Publisher] similar: [[Item]] }
        interface Item { id: ID! price: Int }
        type Magazine implements Item @key(fields: "id") { id: ID! price: Int by: Publisher }
        type Book implements Item @key(fields: "id") { id: ID! price: Int by: Publisher }
        type Toaster implements Item @key(fields: "id") { id: ID! price: Int }
        union Sold = Book | Magazine | Toaster union Publisher = Agency | Person
        type Agency @key(fields: "id") { id: ID! } type Person @key(fields: "id") { id: ID! }`,
      b: `interface Readable { id: ID! title: String }
        type Magazine implements Readable @key(fields: "id") { id: ID! title: String issue: Int size: String }
        type Book implements Readable @key(fields: "id") { id: ID! title: String pages: Int! size: Int! }
        type Toaster @key(fields: "id") { id: ID! watts: Int }`,
      c: `type Agency @key(fields: "id") { id: ID! companyName: String publishes: [Print] }
        type Person @key(fields: "id") { id: ID! name: String! publishes: [Print!] agent: Agency }
        union Print = Book | Magazine type Book @key(fields: "id") { id: ID! similar: [Print] }
        type Magazine @key(fields: "id") { id: ID! similar: [Print] }`,
    },
    {
      Query: { items, sold: items, publishers: [agency, person, null], similar: [items, [null, toaster]] },
      entities: [magazine, book, toaster, agency, person],
    },
  )
  it.each([
    '{ items { id price } }',
    '{ items { __typename id } }',
    '{ items { t: __typename } sold { x: __typename } }',
    '{ items { ... on Book { pages } ... on Toaster { watts } } }',
    '{ items { ... on Readable { title } id } }',
    '{ sold { ... on Item { price ... on Readable { title __typename } } } }',
    '{ sold { ... on Book { by { __typename } } ... on Magazine { by { __typename } size } } }',
    '{ sold { ... on Book { n: pages } ... on Magazine { m: issue } } }',
    '{ sold { ... on Book { x: pages } ... on Magazine { y: issue } ... on Toaster { y: watts } } }',
    '{ similar { ... on Book { title by { ... on Agency { companyName } ... on Person { name } } } ... on Toaster { id } } }',
    '{ publishers { ... on Agency { id publishes { ... on Item { price } } } ... on Person { agent { companyName } } } }',
    '{ publishers { ... on Person { publishes { ... on Magazine { by { ... on Person { name } } issue } } } } }',
    '{ items { ... on Book { similar { ... on Magazine { title } ... on Book { price } } } } }',
    `fragment F on Item { id ... on Book { ...G } } fragment G on Readable { title ... on Book { pages title } }
      { items { ...F price ...F } sold { ...F ...G } }`,
    '{ items { ... on Sold { ... on Book { pages } } } }',
    '{ items { ... on Book { ... on Item { ... on Magazine { issue } } } } }',
    'fragment F on Item { ... on Magazine { issue } } { items { ... on Book { ...F } } sold { ... on Toaster { ...F } id: __typename } }',
    '{ publishers { ... on Person { publishes { ... on Item { ... on Readable { ... on Book { pages } } } } } } }',
    '{ a: items { ... on Book { t: title } } b: items { ... on Magazine { t: title } } }',
  ])('answers %s', (query) => expectAgreement(federation, query))
})

describe('unions and interfaces that subgraphs know in part', () => {
  const media: Thing[] = [
    { __typename: 'Book', id: '1', title: 'B', pages: 3 },
    { __typename: 'Song', id: '2', title: 'S', secs: 9 },
    { __typename: 'Movie', id: '3', title: 'M', mins: 90 },
  ]
  const [book, song, movie] = media
  const federation = federate(
    {
      a: `type Query { media: Media @shareable mine: [Media] viewer: Viewer @shareable } union Media = Book | Song
        type Viewer @shareable { media: Media book: Book } type Book @key(fields: "id") { id: ID! title: String @shareable }
        type Song @key(fields: "id") { id: ID! title: String @shareable secs: Int }`,
      b: `type Query { media: Media @shareable yours: [Media] viewer: Viewer @shareable } union Media = Book | Movie
        type Viewer @shareable { media: Media } type Book @key(fields: "id") { id: ID! title: String @shareable pages: Int }
        type Movie @key(fields: "id") { id: ID! title: String @shareable mins: Int }`,
    },
    {
      Query: { media: book, mine: [book, song], yours: [movie, book], viewer: { media: book, book } },
      entities: media,
    },
  )
  it.each([
    '{ media { ... on Book { title } ... on Song { title } ... on Movie { title } } }',
    '{ media { ... on Book { pages } __typename } viewer { media { ... on Book { pages title } } } }',
    '{ mine { ... on Book { id pages } ... on Song { secs } ... on Movie { mins } } }',
    '{ yours { ... on Song { secs } ... on Movie { mins title } ... on Book { title } } viewer { book { pages } } }',
  ])('are joined for %s', (query) => expectAgreement(federation, query))
})

describe('interface objects', () => {
  const people: Thing[] = [
    { __typename: 'User', id: 'u1', name: 'Ada', age: 36, likes: 1, admin: undefined },
    { __typename: 'Admin', id: 'u2', name: 'Grace', level: 9, likes: 2 },
  ]
  for (const one of people)
    one.handle = function (this: Thing) {
      return `@${this.name}`
    }
  const federation = federate(
    {
      a: `type Query { people: [Person] users: [User] me: Person } interface Person @key(fields: "id") { id: ID! name: String }
        type User implements Person @key(fields: "id") { id: ID! name: String age: Int }
        type Admin implements Person @key(fields: "id") { id: ID! name: String level: Int }`,
      b: `type Query { others: [Person] other: Person } type Person @key(fields: "id") @interfaceObject {
        id: ID! likes: Int name: String @external handle: String @requires(fields: "name") }`,
      c: 'type User @key(fields: "id") { id: ID! karma: Int }',
    },
    {
      Query: { people, users: [people[0]], me: people[1], others: people, other: people[0] },
      entities: people.map((one) => Object.assign(one, { karma: 5 })),
    },
    // Composition forgets that an interface object's field is @external; Apollo's says it so.
    (sdl) =>
      sdl.replace(
        /(interface Person [^}]*name: String)/,
        '$1 @join__field(graph: A) @join__field(graph: B, external: true)',
      ),
  )
  it.each([
    '{ people { id likes } me { handle } }',
    '{ people { likes ... on User { age } ... on Admin { level } } }',
    '{ users { likes handle name } }',
    '{ others { id likes } }',
    '{ others { __typename } }',
    '{ others { kind: __typename likes } other { kind: __typename } }',
    '{ others { name handle } }',
    '{ others { likes ... on User { age } } other { ... on Admin { level } ... on User { age name } } }',
    '{ others { ... on User { karma likes } } }',
    '{ others { ... on Person { id } ... on User { id handle } } }',
    '{ people { ... on User { karma handle } likes } }',
  ])('answer %s', (query) => expectAgreement(federation, query))
})

describe('keys on interfaces', () => {
  const nodes: Thing[] = [
    { __typename: 'Chat', id: '1', text: 'hi', at: 1, node: undefined },
    { __typename: 'Mail', id: '2', subject: 's', at: 2 },
  ]
  const federation = federate(
    {
      a: `type Query { box: Box } type Box { items: [Node] } interface Node { id: ID! }
        type Chat implements Node @key(fields: "id") { id: ID! } type Mail implements Node @key(fields: "id") { id: ID! }`,
      b: `type Query { nodes: [Node] } interface Node { id: ID! at: Int } type Chat implements Node @key(fields: "id") { id: ID! at: Int text: String }
        type Mail implements Node @key(fields: "id") { id: ID! at: Int subject: String }`,
    },
    { Query: { box: { items: nodes }, nodes }, entities: nodes },
  )
  it.each([
    '{ box { items { id ... on Chat { text } ... on Mail { at } } } }',
    '{ nodes { at id __typename } box { items { __typename } } }',
  ])('answer %s', (query) => expectAgreement(federation, query))
})

describe('one entity behind types that exclude each other', () => {
  const photo: Thing = { __typename: 'Photo', id: 'p', size: ({ width }: Thing) => `w${width}`, url: 'u' }
  const halls: Thing[] = ['Fish', 'Frogs'].map((name) => ({ __typename: name, photo }))
  const federation = federate(
    {
      a: `type Query { halls: [Hall!] } union Hall = Fish | Frogs type Fish { photo: Photo } type Frogs { photo: Photo }
        type Photo @key(fields: "id") { id: ID! }`,
      b: 'type Photo @key(fields: "id") { id: ID! url: String size(width: Int): String }',
    },
    { Query: { halls }, entities: [photo] },
  )
  it.each([
    ['arguments', 'size(width: 1)', 'size(width: 2)'],
    ['aliases', 'x: size(width: 1)', 'x: url'],
    ['variables', 'size(width: $w)', 'size(width: 3)'],
  ])('may be asked for a key with different %s', (_, one, other) =>
    expectAgreement(
      federation,
      `query ($w: Int = 9) { halls { ... on Fish { photo { ${one} } } ... on Frogs { photo { ${other} } } } }`.replace(
        one.includes('$w') ? '' : '($w: Int = 9) ',
        '',
      ),
    ),
  )
})

describe('objects whose type another subgraph has to say', () => {
  const ants: Thing[] = [
    { __typename: 'Ant', id: '1', name: 'x', likes: 3 },
    { __typename: 'Ant', id: '2', name: null, likes: 3 },
    { __typename: 'Bee', id: '3', sting: 1, likes: 3 },
  ]
  const federation = federate(
    {
      a: `type Query { nothing: Int } interface Node @key(fields: "id") { id: ID! }
        type Ant implements Node @key(fields: "id") { id: ID! name: String! }
        type Bee implements Node @key(fields: "id") { id: ID! sting: Int }`,
      z: `type Query { strangers: [Node] } type Node @key(fields: "id") @interfaceObject { id: ID! likes: Int }`,
    },
    { Query: { strangers: ants }, entities: ants },
  )
  it.each([
    '{ strangers { ... on Ant { name } } }',
    '{ strangers { likes ... on Ant { name } ... on Bee { sting } } }',
    '{ strangers { __typename ... on Ant { name } } }',
  ])('are null where it failed to, with that failure alone: %s', async (query) => {
    const [alone, together] = [await federation.alone(parse(query)), await federation.together(parse(query))]
    expect(together.data).toEqual(alone.data)
    expect(together.errors?.map(({ path }) => path)).toEqual([['strangers', 1, 'name']])
  })

  it('are what is known of them where nothing depends on it', () =>
    expectAgreement(federation, '{ strangers { id likes } }'))
})

describe('objects of which a subgraph knows only the interface', () => {
  const node = (typeName: string, id: string, liked: string | null): Thing => ({
    ...{ __typename: typeName, id, liked, likes: Number(id), name: `n${id}`, sting: 1, fur: 'soft' },
  })
  const nodes = [node('Ant', '1', 'a'), node('Bee', '2', null), node('Cat', '3', 'c'), node('Ant', '4', null)]
  for (const [at, one] of nodes.entries()) one.friend = nodes[(at + 1) % nodes.length]
  const federation = federate(
    {
      a: `type Query { nodes: [Node] any: [Any] } interface Node @key(fields: "id") { id: ID! } union Any = Ant | Bee
        type Ant implements Node @key(fields: "id") { id: ID! name: String! }
        type Bee implements Node @key(fields: "id") { id: ID! sting: Int }
        type Cat implements Node @key(fields: "id") { id: ID! fur: String }`,
      z: `type Query { strangers: [Node] }
        type Node @key(fields: "id") @interfaceObject { id: ID! likes: Int liked: String! friend: Node twice(n: Int): Int }`,
    },
    {
      Query: { nodes, any: nodes.filter(({ __typename }) => __typename !== 'Cat'), strangers: nodes },
      entities: nodes,
    },
  )
  it.each([
    '{ strangers { ... on Any { ... on Node { x: id } } } }',
    '{ strangers { ... on Ant { likes } ... on Bee { likes } } }',
    '{ strangers { ... on Ant { likes } ... on Bee { liked } } }',
    '{ strangers { ... on Ant { name x: likes } ... on Bee { sting y: likes } ... on Cat { fur } } }',
    '{ strangers { likes ... on Ant { liked } } }',
    '{ strangers { ... on Any { __typename ... on Node { likes } } } nodes { ... on Any { ... on Node { liked } } } }',
    '{ nodes { ... on Ant { likes } ... on Bee { liked } } }',
    '{ nodes { likes ... on Cat { liked } ... on Bee { sting } } }',
    '{ any { ... on Ant { likes } ... on Bee { liked } } }',
    '{ any { ... on Node { likes ... on Bee { liked } } } }',
    'query ($n: Int = 2) { strangers { ... on Ant { twice(n: $n) } ... on Bee { x: twice(n: 3) } } }',
    '{ nodes { ... on Ant { friend { id likes } } ... on Bee { friend { liked } } } }',
  ])('are asked each for its own: %s', (query) => expectAgreement(federation, query))

  it('are asked for nothing that is wanted of others', async () => {
    federation.asked.splice(0)
    await federation.together(parse('{ nodes { ... on Ant { likes } ... on Bee { liked } } }'))
    const [, asked] = federation.asked
    const ids = Object.values(asked?.variables ?? {}).map((list) => (list as Thing[]).map(({ id }) => id))
    expect(ids).toEqual([['1', '4'], ['2']])
    expect(asked?.query).toMatch(/_0\).*likes.*_1\).*liked/)
  })
})

describe('what objects of one type are asked, and others are not', () => {
  const [one, other]: Thing[] = [
    { __typename: 'User', id: '1', name: 'n1', email: 'e1' },
    { __typename: 'User', id: '2', name: 'n2', email: null },
  ]
  for (const user of [one, other]) Object.assign(user ?? {}, { friend: other })
  const posts = federate(
    {
      a: `type Query { latest: [Item] } union Item = Post | Note type Post { by: User } type Note { by: User }
        type User @key(fields: "id") { id: ID! }`,
      b: 'type User @key(fields: "id") { id: ID! name: String email: String! friend: User }',
    },
    {
      Query: {
        latest: [
          { __typename: 'Post', by: one },
          { __typename: 'Note', by: other },
        ],
      },
      entities: [one ?? {}, other ?? {}],
    },
  )
  it.each([
    '{ latest { ... on Post { by { email } } ... on Note { by { name } } } }',
    '{ latest { ... on Post { by { email } } ... on Note { by { id } } } }',
    '{ latest { ... on Post { by { friend { email } } } ... on Note { by { friend { name } } } } }',
    'fragment A on User { name } { latest { ... on Post { by { email ...A } } ... on Note { by { ...A } } } }',
  ])('fails nothing of the others: %s', (query) => expectAgreement(posts, query))
})
