/** What a client sees when a field, an entity or a whole subgraph fails. */
import { Problem } from '@latchkey/problem'
import type { SubgraphResponse } from '@latchkey/subgraph/transport'
import { GraphQLError, parse } from 'graphql'
import { describe, expect, it } from 'vitest'
import { expectAgreement, type Federation, federate, places, type Thing } from './federation.contract.ts'

const fails = (code: string) => () => {
  throw new GraphQLError(`failed with ${code}`, { extensions: { code, stacktrace: ['secret'], fields: { a: 'b' } } })
}

/** Users 1 and 2 are well; of user 3 something fails in each subgraph. */
function failing(): Federation {
  const users: Thing[] = ['1', '2', '3'].map((id) => ({
    __typename: 'User',
    id,
    name: `n${id}`,
    age: Number(id),
    nick: `k${id}`,
  }))
  const [ada, , bad] = users as [Thing, Thing, Thing]
  Object.assign(bad, { name: fails('NAME'), age: fails('AGE'), nick: fails('NICK') })
  for (const user of users)
    Object.assign(user, { friend: ada, best: user, friends: users, tags: ['a', null], must: user })
  ada.must = null
  const [, grace] = users
  return federate(
    {
      a: `type Query { me: User users: [User] strict: [User!] strictest: [User!]! lists: [[User!]] bad: User must: User! search: [Result!] node: Node }
        interface Node { id: ID! } union Result = User | Box type Box { item: User! }
        type User implements Node @key(fields: "id") { id: ID! name: String! friend: User best: User! friends: [User!]! }`,
      b: `type User @key(fields: "id") { id: ID! age: Int! tags: [String!] must: User! } type Query { broken: Int! fine: Int }`,
      c: 'type User @key(fields: "id") { id: ID! nick: String }',
    },
    {
      Query: {
        ...{
          me: ada,
          users,
          strict: users,
          strictest: users,
          lists: [[ada], users, [grace]],
          bad,
          must: bad,
          node: bad,
        },
        ...{ search: [ada, { __typename: 'Box', item: grace }, bad], broken: fails('BROKEN'), fine: 1 },
      },
      entities: users,
    },
  )
}

describe('a null where none may be', () => {
  const federation = failing()
  it.each([
    '{ users { id name } }',
    '{ users { id age } }',
    '{ users { id nick } }',
    '{ strict { id age } me { age } }',
    '{ strict { nick } }',
    '{ lists { age } }',
    '{ lists { id name } fine }',
    '{ me { tags } }',
    '{ me { friends { id } must { id } } }',
    '{ users { must { id } id } }',
    '{ users { best { age } id } }',
    '{ me { best { friends { age } } id } fine }',
    '{ users { alias: nick x: id } other: users { y: age } }',
    '{ search { ... on User { age } ... on Box { item { age } } } }',
    '{ node { ... on User { name } } fine }',
    '{ bad { nick } bad { id } }',
    '{ broken }',
    '{ fine broken me { id } }',
    '{ must { age } }',
    '{ strictest { id age } fine }',
    'query ($s: Boolean = true) { users { age @skip(if: $s) nick } }',
  ])('is passed upwards as in one schema: %s', (query) => expectAgreement(federation, query))

  it('keeps of the extensions only the code, the wait and the fields', async () => {
    const { errors } = await federation.together(parse('{ users { nick } }'))
    expect(errors?.map((error) => error.toJSON())).toEqual([
      { message: 'failed with NICK', path: ['users', 2, 'nick'], extensions: { code: 'NICK', fields: { a: 'b' } } },
    ])
  })

  it('names every place of the failed entity', async () => {
    const { errors } = await federation.together(parse('{ users { friends { n: nick } } }'))
    expect(places(errors)).toEqual([0, 1, 2].map((at) => `users.${at}.friends.2.n NICK`))
  })

  it('names no path the client did not ask for', async () => {
    const shipping = federate(
      {
        a: 'type Query { p: P } type P @key(fields: "id") { id: ID! price: Int }',
        b: `type P @key(fields: "id") { id: ID! price: Int @external ship: Int @requires(fields: "price") }`,
      },
      { Query: { p: { id: '1', price: fails('PRICE') } }, entities: [{ __typename: 'P', id: '1', ship: null }] },
    )
    const result = await shipping.together(parse('{ p { ship } }'))
    expect(result.data).toEqual({ p: { ship: null } })
    expect(places(result.errors)).toEqual(['p PRICE'])
  })
})

describe('an entity that a failure below leaves null', () => {
  const federation = federate(
    {
      a: 'type Query { p: P } type P @key(fields: "id") { id: ID! name: String! }',
      b: 'type P @key(fields: "id") { id: ID! more: Int! bad: Int! price: Int }',
      c: 'type P @key(fields: "id") { id: ID! price: Int @external ship: Int! @requires(fields: "price") }',
    },
    {
      Query: { p: { id: '1', name: 'n', more: 1, bad: fails('BAD'), price: 5, ship: 6 } },
      entities: [{ __typename: 'P', id: '1', more: 1, bad: fails('BAD'), price: 5, ship: 6 }],
    },
  )
  it.each(['{ p { more bad } }', '{ p { name more bad id } }'])('has that failure as its only error: %s', (query) =>
    expectAgreement(federation, query),
  )

  it('is not asked for elsewhere with what is not known of it', async () => {
    federation.asked.length = 0
    await expectAgreement(federation, '{ p { ship bad } }')
    expect(federation.asked.map(({ subgraph }) => subgraph)).toEqual(['a', 'b'])
  })
})

describe('an object that two subgraphs answer, and a failure below leaves null in one of them', () => {
  const federation = federate(
    {
      a: 'type Query { both: Pair @shareable } type Pair @key(fields: "id") { id: ID! more: Int! left: Int! }',
      b: 'type Query { both: Pair @shareable } type Pair @key(fields: "id") { id: ID! right: Int! }',
    },
    { Query: { both: { id: '1', more: 1, left: fails('LEFT'), right: 2 } } },
  )
  it.each(['{ both { more left right } }', '{ both { right more id left } }'])(
    'has that failure as its only error: %s',
    (query) => expectAgreement(federation, query),
  )
})

describe('a subgraph that cannot be reached', () => {
  function without(subgraph: string, problem: unknown = new Problem('UNAVAILABLE', 'connection refused by 10.0.0.7')) {
    const federation = failing()
    federation.disturb(subgraph, () => () => Promise.reject(problem))
    return federation
  }
  it.each([
    ['b', '{ fine me { id name } }', { fine: null, me: { id: '1', name: 'n1' } }, ['fine']],
    [
      'c',
      '{ me { id x: nick friend { nick } } }',
      { me: { id: '1', x: null, friend: { nick: null } } },
      ['me.x', 'me.friend.nick'],
    ],
    [
      'c',
      '{ users { nick } }',
      { users: [{ nick: null }, { nick: null }, { nick: null }] },
      ['users.0.nick', 'users.1.nick', 'users.2.nick'],
    ],
    ['b', '{ me { id age } fine }', { me: null, fine: null }, ['me.age', 'fine']],
    ['b', '{ broken me { id } }', null, ['broken']],
    ['b', '{ me { must { nick } } }', { me: null }, ['me.must']],
    [
      'b',
      'query ($s: Boolean = true) { me { tags @skip(if: $s) id t: tags } }',
      { me: { id: '1', t: null } },
      ['me.t'],
    ],
    ['a', '{ users { id nick } fine }', { users: null, fine: 1 }, ['users']],
  ])('leaves the rest whole (%s: %s)', async (subgraph, query, data, paths) => {
    const result = await without(subgraph).together(parse(query))
    expect(result.data).toEqual(data)
    expect(places(result.errors)).toEqual(paths.map((path) => `${path} UNAVAILABLE`).sort())
    expect(JSON.stringify(result)).not.toContain('10.0.0.7')
  })

  it('shows nothing of an error that is not a Problem', async () => {
    const result = await without('c', new TypeError('undefined is not a function')).together(parse('{ me { nick } }'))
    expect(JSON.parse(JSON.stringify(result.errors))).toEqual([
      { message: 'Something went wrong on our side.', path: ['me', 'nick'], extensions: { code: 'INTERNAL' } },
    ])
  })

  it('keeps an alias from showing the value of the field it is named after', async () => {
    const result = await without('c').together(parse('{ me { name: nick id: nick } }'))
    expect(result.data).toEqual({ me: { name: null, id: null } })
  })

  it('is the reason for what could not be asked for without it', async () => {
    const chain = federate(
      {
        a: 'type Query { p: P } type P @key(fields: "id") { id: ID! }',
        b: 'type P @key(fields: "id") @key(fields: "sku") { id: ID! sku: ID size: Int }',
        c: `type P @key(fields: "sku") { sku: ID title: String }`,
      },
      { Query: { p: { id: '1' } }, entities: [{ __typename: 'P', id: '1', sku: 's', size: 1, title: 't' }] },
    )
    expect(await chain.together(parse('{ p { size title } }'))).toEqual({ data: { p: { size: 1, title: 't' } } })
    chain.disturb('b', () => () => Promise.reject(new Problem('RATE_LIMITED', 'x', { retryAfterMs: 5 })))
    const result = await chain.together(parse('{ p { id title } }'))
    expect(result.data).toEqual({ p: { id: '1', title: null } })
    expect(result.errors?.map(({ path, extensions }) => [path, extensions])).toEqual([
      [['p', 'title'], { code: 'RATE_LIMITED', retryAfterMs: 5 }],
    ])
  })
})

describe('an error without a place', () => {
  const answering = (subgraph: string, response: unknown) => {
    const federation = failing()
    federation.disturb(subgraph, () => async () => response as SubgraphResponse)
    return federation
  }
  it.each([
    ['b', '{ fine me { id } }', { data: null, errors: [{ message: 'no', extensions: { code: 'X' } }] }, ['fine X']],
    [
      'b',
      '{ fine me { id } }',
      { data: { fine: 1 }, errors: [{ message: 'no', extensions: { code: 'X' } }] },
      ['undefined X'],
    ],
    ['c', '{ me { nick } }', { errors: [{ message: 'no' }] }, ['me.nick']],
    [
      'c',
      '{ me { nick } }',
      { data: { _entities: [null] }, errors: [{ message: 'no', path: ['_entities', 0] }] },
      ['me.nick'],
    ],
    [
      'c',
      '{ me { nick } }',
      { data: { _entities: null }, errors: [{ message: 'no', path: ['_entities'] }] },
      ['me.nick'],
    ],
    ['c', '{ me { nick } }', { data: { _entities: [{ nick: 'x' }] }, errors: [{ message: 'no' }] }, ['undefined']],
  ])('of %s for %s is put where a value is missing: %j', async (subgraph, query, response, expected) => {
    const { errors } = await answering(subgraph, response).together(parse(query))
    expect(places(errors)).toEqual(expected)
  })
})
