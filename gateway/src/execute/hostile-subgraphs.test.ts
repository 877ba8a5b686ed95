/** Nothing a subgraph answers breaks the gateway, or reaches a client as something it is not. */
import type { SubgraphResponse } from '@latchkey/subgraph/transport'
import { parse } from 'graphql'
import { describe, expect, it } from 'vitest'
import { type Federation, federate, places, type Thing } from './federation.contract.ts'

function healthy(): Federation {
  const users: Thing[] = ['1', '2'].map((id) => ({
    __typename: 'User',
    id,
    name: `n${id}`,
    age: Number(id),
    nick: `k${id}`,
  }))
  for (const user of users) Object.assign(user, { friend: users[1], friends: users })
  const Query = { me: users[0], users, search: users }
  return federate(
    {
      a: `type Query { me: User users: [User] search: [Result!] } union Result = User | Box type Box { item: User! }
        type User @key(fields: "id") { id: ID! name: String! friend: User friends: [User!]! }`,
      b: 'type User @key(fields: "id") { id: ID! age: Int! }',
      c: 'type User @key(fields: "id") { id: ID! nick: String }',
    },
    { Query, entities: users },
  )
}

describe('a hostile subgraph', () => {
  const asked = '{ me { id name friend { id nick } friends { id } } users { name } }'
  const deep = JSON.parse(`${'['.repeat(50_000)}${']'.repeat(50_000)}`)
  const polluting = JSON.parse(
    '{"__proto__": {"polluted": true, "name": "x"}, "constructor": {"prototype": {"polluted": true}}}',
  )
  const nonsense: unknown[] = [
    ...[
      undefined,
      null,
      1,
      'text',
      [],
      {},
      { data: 1 },
      { data: [] },
      { data: {} },
      { errors: 1 },
      { errors: [null, 1] },
    ],
    ...[
      { data: { me: 1, users: 'x' } },
      { data: { me: [], users: {} } },
      { data: { me: { id: {}, name: [] }, users: [1, null] } },
    ],
    ...[{ data: { me: deep, users: deep } }, { data: { me: { friend: deep, friends: deep } } }, { data: polluting }],
    ...[
      { data: { me: polluting, users: [polluting] } },
      { data: { me: { __typename: 'Query', id: '1', name: 'n', friend: {} } } },
    ],
    ...[
      { data: { _entities: [] } },
      { data: { _entities: [1] } },
      { data: { _entities: [[]] } },
      { data: { _entities: [polluting] } },
    ],
    ...[{ data: { _entities: {} } }, { data: { _entities: Array.from({ length: 9 }, () => null) } }],
    {
      data: { _entities: [{ nick: { a: 1 } }] },
      errors: [{ path: ['_entities', 99, 'nick'] }, { path: ['_entities', '__proto__'] }],
    },
    {
      data: null,
      errors: [{ message: 5, path: 'me', extensions: 7 }, { path: [{}, null] }, { path: ['me', '__proto__', 'x'] }],
    },
    {
      data: null,
      errors: [{ message: 'm', path: ['me', 'friends', -1, 'id', 'id', 'id'], extensions: { code: {}, fields: [] } }],
    },
  ]
  it.each(nonsense.flatMap((_, at) => [['a', at] as const, ['c', at] as const]))(
    'never breaks an answer (%s says nonsense number %i)',
    async (subgraph, at) => {
      const federation = healthy()
      federation.disturb(subgraph, () => async () => nonsense[at] as SubgraphResponse)
      const { data, errors } = await federation.together(parse(asked))
      expect(Object.keys(data ?? { me: 0, users: 0 })).toEqual(['me', 'users'])
      expect(({} as Thing).polluted).toBeUndefined()
      expect(JSON.stringify({ data, errors })).not.toContain('polluted')
    },
  )

  it.each([
    [{ me: { id: true, name: 'n' } }, 'me.id'],
    [{ me: { id: '1', name: 7.5 } }, 'none'],
    [{ me: { id: '1', name: {} } }, 'me.name'],
    [{ me: 'Ada' }, 'me'],
    [{ me: [] }, 'me'],
    [{ me: { id: '1' } }, 'me.name'],
  ])('has an error at the field of a wrong shape: %j', async (data, path) => {
    const federation = healthy()
    federation.disturb('a', () => async () => ({ data }))
    const { errors } = await federation.together(parse('{ me { id name } }'))
    expect(places(errors)).toEqual(path === 'none' ? [] : [path])
  })

  it('cannot pass an object off as a type that the field does not have', async () => {
    const federation = healthy()
    federation.disturb('a', () => async () => ({ data: { search: [{ __typename: 'Query', item: 1 }] } }))
    const { data, errors } = await federation.together(parse('{ search { __typename ... on Box { item { id } } } }'))
    expect(data).toEqual({ search: null })
    expect(places(errors)).toEqual(['search.0'])
  })

  it('may hand out the same frozen answer every time', async () => {
    const federation = healthy()
    const friend = Object.freeze({ __typename: 'User', id: '1' })
    const data = Object.freeze({ me: Object.freeze({ __typename: 'User', id: '1', friend }) })
    federation.disturb('a', () => async () => ({ data }))
    const first = await federation.together(parse('{ me { nick age friend { nick } } }'))
    expect(first).toEqual({ data: { me: { nick: 'k1', age: 1, friend: { nick: 'k1' } } } })
    expect(data).toEqual({ me: { __typename: 'User', id: '1', friend } })
  })
})
