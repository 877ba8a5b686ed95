/** Operations nobody thought of: over subgraphs they are answered as over one schema. */
import { buildSubgraphSchema } from '@apollo/subgraph'
import { Problem } from '@latchkey/problem'
import {
  GraphQLError as Failure,
  type GraphQLCompositeType,
  type GraphQLError,
  type GraphQLField,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isObjectType,
  isUnionType,
  parse,
  TypeInfo,
  validate,
  visit,
  visitWithTypeInfo,
} from 'graphql'
import { describe, expect, it } from 'vitest'
import type { Withheld } from '../withheld.ts'
import { federate, type Thing } from './federation.contract.ts'

const operations = Number(process.env.LATCHKEY_RANDOM_OPERATIONS ?? 500)
const batches = 10

/** Mulberry32: the same seed gives the same operations. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const schemas = {
  people: `type Query { me: User users(first: Int = 3): [User!] actors: [Actor] top: Actor! search: [Found] node(id: ID!): Node strict: [[User!]!] }
    interface Node { id: ID! } interface Actor { id: ID! name: String }
    union Found = User | Team | Post
    type User implements Node & Actor @key(fields: "id") { id: ID! name: String email: String! boss: User team: Team mates: [User]! }
    type Team implements Node & Actor @key(fields: "id") { id: ID! name: String members: [User!]! slogan: String! }
    type Post @key(fields: "id") { id: ID! }`,
  posts: `type Query { posts(tag: Tag): [Post!]! latest: Content }
    interface Content { id: ID! title: String by: User } enum Tag { NEW OLD }
    type Post implements Content @key(fields: "id") { id: ID! title: String by: User tag: Tag! likes: Int words(min: Int): [String!] price: Int }
    type Note implements Content @key(fields: "id") { id: ID! title: String by: User on: Content pinned: Boolean! }
    type User @key(fields: "id") { id: ID! posts(first: Int): [Post!] contents: [Content!]! favourite: Content }`,
  shop: `type Post @key(fields: "id") { id: ID! price: Int @external likes: Int @external
      shipping(zone: Int = 1): Int @requires(fields: "price") rank: String! @requires(fields: "likes price") stock: Stock }
    type Stock { amount: Int! place: String }
    type Note @key(fields: "id") { id: ID! stock: Stock! }
    type Team @key(fields: "id") { id: ID! budget: Float shop: Post }`,
  scores: `type User @key(fields: "id") { id: ID! score: Int! badge: Badge rivals: [User!] }
    union Badge = Medal | Team type Medal { colour: String! }
    type Team @key(fields: "id") { id: ID! score: Int medals: [Medal!] }
    type Query { best: User winners: [Badge] }`,
}

const fails = (code: string) => () => {
  throw new Failure(code, { extensions: { code } })
}

/** A small world in which about one field in seven is null or fails. */
function createWorld(): { Query: Thing; entities: Thing[] } {
  const random = randomFrom(7)
  const among = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T // never empty
  const some = <T>(list: readonly T[]): T[] => list.filter(() => random() < 0.5)
  const maybe = (value: unknown, code: string): unknown => {
    const chance = random()
    return chance < 0.07 ? null : chance < 0.14 ? fails(code) : value
  }
  const make = (typeName: string, count: number): Thing[] =>
    Array.from({ length: count }, (_, at) => ({ __typename: typeName, id: `${typeName[0]}${at}` }))
  const [users, teams, posts, notes] = [make('User', 5), make('Team', 3), make('Post', 5), make('Note', 3)]
  const contents = [...posts, ...notes]
  const medals = ['gold', null].map((colour) => ({ __typename: 'Medal', colour }))
  for (const user of users) {
    Object.assign(user, { name: maybe(`n${user.id}`, 'NAME'), email: maybe(`${user.id}@x.test`, 'EMAIL') })
    Object.assign(user, {
      boss: maybe(among(users), 'BOSS'),
      team: among([null, ...teams]),
      mates: maybe([null, ...some(users)], 'MATES'),
    })
    const written = some(posts)
    user.posts = ({ first }: Thing) => written.slice(0, Number(first ?? 9))
    Object.assign(user, { contents: some(contents), favourite: maybe(among(contents), 'FAVOURITE') })
    Object.assign(user, {
      score: maybe(3, 'SCORE'),
      badge: among([...medals, ...teams, null]),
      rivals: maybe(some(users), 'RIVALS'),
    })
  }
  for (const team of teams) {
    Object.assign(team, { name: maybe('team', 'NAME'), members: some(users), slogan: maybe('go', 'SLOGAN') })
    Object.assign(team, {
      budget: maybe(1.5, 'BUDGET'),
      shop: among(posts),
      score: maybe(4, 'SCORE'),
      medals: maybe(some(medals), 'MEDALS'),
    })
  }
  for (const content of contents) {
    Object.assign(content, { title: maybe(`t${content.id}`, 'TITLE'), by: maybe(among(users), 'BY') })
    const stock = { amount: maybe(2, 'AMOUNT'), place: maybe('here', 'PLACE') }
    content.stock = maybe(stock, 'STOCK')
  }
  for (const post of posts) {
    Object.assign(post, {
      tag: maybe(among(['NEW', 'OLD']), 'TAG'),
      likes: among([1, 2, null]),
      price: among([5, 6, null]),
    })
    const words = ['a', 'bb', among(['ccc', 'dddd'])]
    post.words = ({ min }: Thing) => words.filter((word) => word.length >= Number(min ?? 0))
    post.shipping = function (this: Thing, { zone }: Thing) {
      return this.price === null || this.price === undefined ? null : Number(this.price) * Number(zone ?? 0)
    }
    post.rank = function (this: Thing) {
      return this.likes === null ? null : `${this.likes}/${this.price}`
    }
  }
  for (const note of notes) Object.assign(note, { on: among([...contents, null]), pinned: maybe(true, 'PINNED') })
  const all = [...users, ...teams, ...contents]
  return {
    entities: all,
    Query: {
      ...{ me: users[0], best: users[1], actors: [...users, null, ...teams], top: teams[0], latest: among(contents) },
      ...{
        users: ({ first }: Thing) => users.slice(0, Number(first ?? 2)),
        search: [...some(all).filter((one) => one.__typename !== 'Note'), null],
      },
      ...{
        node: ({ id }: Thing) => all.find((one) => one.id === id && /User|Team/.test(String(one.__typename))) ?? null,
      },
      ...{
        strict: [users.slice(0, 2), users.slice(3)],
        posts: ({ tag }: Thing) => posts.slice(tag === 'NEW' ? 2 : 0),
        winners: [...medals, ...teams, null],
      },
    },
  }
}

/** Writes one random operation of the schema; not every one is valid. */
function writeOperation(schema: GraphQLSchema, random: () => number): string {
  const among = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T // never empty
  const condition = () =>
    random() < 0.12 ? ` @${among(['skip', 'include'])}(if: ${among(['$yes', '$no', '$yes', '$no', 'true'])})` : ''
  const values: Record<string, readonly string[]> = {
    first: ['1', '2', '$n', 'null'],
    id: ['"U1"', '"T0"', '"X"', '$id'],
    tag: ['NEW', 'OLD', '$tag'],
    min: ['2', '$n'],
    zone: ['3', '$n'],
  }
  const argumentsOf = ({ args }: GraphQLField<unknown, unknown>): string => {
    const given = args.filter(({ type }) => `${type}`.endsWith('!') || random() < 0.5)
    return given.length === 0
      ? ''
      : `(${given.map(({ name }) => `${name}: ${among(values[name] ?? ['null'])}`).join(', ')})`
  }
  const field = (type: GraphQLCompositeType, depth: number): string => {
    if (random() < 0.1 || isUnionType(type)) return `${random() < 0.3 ? 'kind: ' : ''}__typename${condition()}`
    const chosen = among(Object.values(type.getFields()))
    const named = getNamedType(chosen.type)
    if (isCompositeType(named) && depth === 0) return '__typename'
    const alias = random() < 0.25 ? `${among(['a', 'b', 'name', 'id', 'price', 'score', 'title'])}: ` : ''
    const below = isCompositeType(named) ? ` ${selection(named, depth - 1)}` : ''
    return `${alias}${chosen.name}${argumentsOf(chosen)}${condition()}${below}`
  }
  const fragment = (type: GraphQLCompositeType, depth: number): string => {
    const possible = isAbstractType(type) ? schema.getPossibleTypes(type) : [type]
    const one = among(possible)
    const abstract = one.getInterfaces()
    const target: GraphQLCompositeType = random() < 0.25 && abstract.length > 0 ? among(abstract) : one
    return `... on ${target.name}${condition()} ${selection(target, depth)}`
  }
  const selection = (type: GraphQLCompositeType, depth: number): string => {
    const count = 1 + Math.floor(random() * 4)
    const parts = Array.from({ length: count }, () =>
      random() < (isAbstractType(type) ? 0.5 : 0.12) && depth > 0 ? fragment(type, depth - 1) : field(type, depth),
    )
    return `{ ${parts.join(' ')} }`
  }
  const query = schema.getQueryType()
  const body = query ? selection(query, 4) : ''
  const declared = ['$yes: Boolean! = true', '$no: Boolean = false', '$n: Int = 2', '$id: ID! = "U2"', '$tag: Tag']
  const used = declared
    .filter((one) => body.includes(`${one.split(':')[0]}`))
    .map((one) => one.replace('$no: Boolean ', '$no: Boolean! '))
  return `query ${used.length > 0 ? `(${used.join(', ')})` : ''} ${body}`
}

/**
 * Which null an error explains. Siblings that fail may be reported in another order or not at all
 * (GraphQL specification 6.4.4), so it is nulls that compare, each with an error that both have seen.
 */
function explainedNulls(data: unknown, errors: readonly GraphQLError[] = []): string[] {
  const nulls = errors.map(({ path = [] }) => {
    let value = data
    const place: (string | number)[] = []
    for (const key of path) {
      if (value === null || typeof value !== 'object') break
      value = (value as Record<string | number, unknown>)[key] // an object or a list
      place.push(key)
    }
    return value === null ? place.join('.') : `not null: ${path.join('.')}`
  })
  return [...new Set(nulls)].sort()
}

describe('random operations', () => {
  const federation = federate(schemas, createWorld())
  const { schema } = federation.engine

  it.each(Array.from({ length: batches }, (_, batch) => batch + 1))(
    'are answered as by one schema (part %i)',
    async (batch) => {
      const random = randomFrom(batch)
      let compared = 0
      while (compared < operations / batches) {
        const operation = writeOperation(schema, random)
        const document = parse(operation)
        if (validate(schema, document).length > 0) continue
        compared++
        const alone = await federation.alone(document)
        const together = await federation.together(document).catch((thrown: unknown) => {
          throw new Error(operation, { cause: thrown })
        })
        expect(JSON.stringify(together.data), operation).toBe(JSON.stringify(alone.data))
        const nulls = explainedNulls(alone.data, alone.errors)
        expect(explainedNulls(together.data, together.errors), operation).toEqual(nulls)
      }
    },
    600_000,
  )
})

/** What the planner itself may need: keys, and what another field requires. */
const needed = ['id', 'price', 'likes']

/** Some fields of some types, as a caller may not ask them; on an interface, what is withheld of any type behind it. */
function withholdSome(schema: GraphQLSchema, random: () => number): Withheld & { readonly coordinates: Set<string> } {
  const types = Object.values(schema.getTypeMap()).filter((type) => isObjectType(type) && !type.name.startsWith('__'))
  const coordinates = new Set<string>()
  for (const type of types.filter(isObjectType))
    for (const name of Object.keys(type.getFields())) {
      if (needed.includes(name) || random() > (type.name === 'Query' ? 0.05 : 0.15)) continue
      coordinates.add(`${type.name}.${name}`)
      for (const above of type.getInterfaces()) if (above.getFields()[name]) coordinates.add(`${above.name}.${name}`)
    }
  const refusal = new Problem('FORBIDDEN')
  const key = [...coordinates].join()
  return { coordinates, key, reasonFor: (coordinate) => (coordinates.has(coordinate) ? refusal : undefined) }
}

describe('random operations of which something is withheld', () => {
  const federation = federate(schemas, createWorld())
  const { schema } = federation.engine
  const head =
    'extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@key", "@requires", "@external"])'
  const own = Object.fromEntries(
    Object.entries(schemas).map(([name, sdl]) => [name, buildSubgraphSchema([{ typeDefs: parse(`${head} ${sdl}`) }])]),
  )

  /** The coordinates that a subgraph was asked for: an interface's are those of every type behind it. */
  function coordinatesAsked(): Set<string> {
    const found = new Set<string>()
    for (const { subgraph, query } of federation.asked.splice(0)) {
      const of = own[subgraph]
      if (!of) throw new Error(subgraph)
      const info = new TypeInfo(of)
      const Field = ({ name }: { name: { value: string } }) => {
        const parent = info.getParentType()
        const standing = isAbstractType(parent) ? of.getPossibleTypes(parent) : parent ? [parent] : []
        for (const type of standing) found.add(`${type.name}.${name.value}`)
      }
      visit(parse(query), visitWithTypeInfo(info, { Field }))
    }
    return found
  }

  it.each(Array.from({ length: batches }, (_, batch) => batch + 1))(
    'are answered as by one schema that refuses those fields, and no subgraph is asked for them (part %i)',
    async (batch) => {
      const random = randomFrom(1_000 + batch)
      let compared = 0
      while (compared < operations / batches) {
        const operation = writeOperation(schema, random)
        const document = parse(operation)
        if (validate(schema, document).length > 0) continue
        compared++
        const withheld = withholdSome(schema, random)
        const said = `${operation}\nwithout ${withheld.key}`
        const alone = await federation.alone(document, {}, withheld)
        federation.asked.splice(0)
        const together = await federation.together(document, {}, withheld).catch((thrown: unknown) => {
          throw new Error(said, { cause: thrown })
        })
        expect(JSON.stringify(together.data), said).toBe(JSON.stringify(alone.data))
        expect(explainedNulls(together.data, together.errors), said).toEqual(explainedNulls(alone.data, alone.errors))
        expect(
          [...coordinatesAsked()].filter((each) => withheld.coordinates.has(each)),
          said,
        ).toEqual([])
      }
    },
    600_000,
  )
})
