/** People, posts, a shop and scores: four subgraphs of one small world in which about one field in seven is null or fails. */
import { GraphQLError as Failure } from 'graphql'
import { type Federation, federate, type Thing } from '../federation.contract.ts'
import { chanceFrom } from './chance.fixture.ts'

export const peopleSchemas = {
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

function createWorld(): { Query: Thing; entities: Thing[] } {
  const { next, among, some } = chanceFrom(7)
  const maybe = (value: unknown, code: string): unknown => {
    const chance = next()
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

export const federatePeople = (): Federation => federate(peopleSchemas, createWorld())

/** Of some that are there and some that are not. */
export const peopleIds = ['U1', 'U2', 'T0', 'X']
