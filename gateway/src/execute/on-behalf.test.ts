import { anonymous } from '@latchkey/principal'
import type { OnBehalf } from '@latchkey/principal/envelope'
import { Problem } from '@latchkey/problem'
import type { SubgraphRequest } from '@latchkey/subgraph/transport'
import { parse } from 'graphql'
import { describe, expect, it } from 'vitest'
import type { Withheld } from '../withheld.ts'
import { createEngine } from './engine.ts'
import { compose } from './federation.contract.ts'
import { planning } from './planning/planning.fixture.ts'

const supergraphSdl = compose({
  users: `type Query { me: User node: Node people: [User!]! }
    interface Node { id: ID! email: String }
    type User implements Node @key(fields: "id") { id: ID! email: String name: String home: Home }
    type Home @shareable { town: String street: String }`,
  orders: `type User @key(fields: "id") { id: ID! email: String @external
    home: Home @external
    receipt: String @requires(fields: "email") parcel: String @requires(fields: "home { town }") total: Int }
    type Home @shareable { town: String street: String }`,
  letters: `type User @key(fields: "id") { id: ID! email: String @external letter: String @requires(fields: "email") }`,
})

const user = { __typename: 'User', id: '1', email: 'ada@example.com', name: 'Ada', home: { town: 'London' } }

/** For whom each subgraph was asked for what, in the order in which they were asked. */
async function askedFor(query: string, withheld?: Withheld): Promise<readonly [string, OnBehalf | undefined][]> {
  const asked: [string, OnBehalf | undefined][] = []
  const root = { me: user, a: user, node: user, people: [user] }
  const answer = (name: string) => async (request: SubgraphRequest) => {
    asked.push([name, request.onBehalf])
    const entity = { ...user, receipt: 'r', parcel: 'p', letter: 'l', total: 1 }
    return { data: request.query.includes('_entities') ? { _entities: [entity], _e0: [entity], _e1: [entity] } : root }
  }
  const transports = { users: answer('users'), orders: answer('orders'), letters: answer('letters') }
  const engine = createEngine({ supergraphSdl, transports, planning })
  await engine.run(engine.prepare(parse(query)), {
    variables: {},
    principal: anonymous,
    requestId: 'req_test',
    withheld,
  })
  return asked
}

describe('a fetch tells for whom it asks', () => {
  it.each<[string, readonly [string, OnBehalf | undefined][]]>([
    [
      '{ me { receipt } }',
      [
        ['users', { orders: ['User.email'] }],
        ['orders', undefined],
      ],
    ],
    [
      '{ people { parcel } }',
      [
        ['users', { orders: ['User.home', 'Home.town'] }],
        ['orders', undefined],
      ],
    ],
    [
      '{ node { ... on User { receipt } } }',
      [
        ['users', { orders: ['User.email'] }],
        ['orders', undefined],
      ],
    ],
    [
      '{ a: me { b: receipt } }',
      [
        ['users', { orders: ['User.email'] }],
        ['orders', undefined],
      ],
    ],
  ])('%s', async (query, expected) => {
    expect(await askedFor(query)).toEqual(expected)
  })

  it('also where the client asks for the same and is not given it', async () => {
    const refused = new Problem('FORBIDDEN')
    const withheld = { key: 'email', reasonFor: (at: string) => (at === 'User.email' ? refused : undefined) }
    const [users] = await askedFor('{ me { email receipt } }', withheld)
    expect(users).toEqual(['users', { orders: ['User.email'] }])
  })

  it('names each that needs it', async () => {
    const [users] = await askedFor('{ me { receipt letter } }')
    expect(users).toEqual(['users', { orders: ['User.email'], letters: ['User.email'] }])
  })
})

describe('a fetch says nothing of it', () => {
  it.each([
    ['where the client asks for the same itself', '{ me { email receipt } }'],
    ['also by another name', '{ me { mail: email receipt } }'],
    ['or in a fragment', 'query { me { ...f receipt } } fragment f on User { email }'],
    ['or on an interface', '{ node { email ... on User { receipt } } }'],
    ['where only a key is needed', '{ me { total } }'],
    ['where nobody else is asked', '{ me { name email } }'],
  ])('%s: %s', async (_, query) => {
    for (const [, onBehalf] of await askedFor(query)) expect(onBehalf).toBeUndefined()
  })
})
