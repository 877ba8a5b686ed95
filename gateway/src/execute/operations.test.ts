/** What an operation may contain: conditions, variables, aliases, mutations, introspection. */
import type { SubgraphRequest } from '@latchkey/subgraph/transport'
import { getIntrospectionQuery, parse } from 'graphql'
import { describe, expect, it } from 'vitest'
import { createEngine } from './engine.ts'
import { compose, expectAgreement, federate, places, type Thing } from './federation.contract.ts'
import { planning } from './planning/planning.fixture.ts'

const users: Thing[] = [1, 2, 3].map((n) => ({
  ...{ __typename: 'User', id: `${n}`, name: `name ${n}`, age: 20 + n, role: n === 3 ? 'ROOT' : 'USER' },
  settings: { deep: [{ any: n }], __proto: 1 },
  greet: ({ with: word = 'hello', times = 1 }: Thing) => `${word} ${n} `.repeat(Number(times)),
  echo: ({ input }: Thing) => JSON.stringify(input),
}))
users.forEach((user, at) => {
  user.friend = users[(at + 1) % 3]
})
const schemas = {
  a: `type Query { me: User users(first: Int = 2): [User!]! user(id: ID!): User root: Query now: String }
    type User @key(fields: "id") { id: ID! name: String! friend: User settings: Json role: Role role2: Role @inaccessible }
    enum Role { USER ROOT @inaccessible } scalar Json`,
  b: `type User @key(fields: "id") { id: ID! age: Int greet(with: String = "hello", times: Int): String echo(input: Filter): String
    hidden: Int @inaccessible } input Filter { role: Mode = ON at: [Int!] like: Filter only: String @inaccessible }
    enum Mode { ON OFF } type Query { secret: Int @inaccessible }`,
  c: `type User @key(fields: "id") { id: ID! karma: Int }`,
}
const Query: Thing = {
  me: users[0],
  users: ({ first }: Thing) => users.slice(0, Number(first)),
  user: ({ id }: Thing) => users.find((user) => user.id === id) ?? null,
  now: 'now',
}
Query.root = Query
const federation = federate(schemas, { Query, entities: users.map((user) => Object.assign(user, { karma: 7 })) })

describe('conditions', () => {
  const query = `query ($s: Boolean!, $t: Boolean = true) {
    me @skip(if: $s) { id age @include(if: $t) ... @skip(if: $t) { name karma } }
    users { ...F @include(if: $s) id friend @skip(if: $t) { age @include(if: $s) } ... on User @include(if: $t) { friend { karma } } }
    me { name @skip(if: $t) greet @include(if: $s) @skip(if: $t) }
    literal: me @skip(if: true) { id } kept: me @include(if: true) { age }
  } fragment F on User { name age ... @skip(if: $t) { id friend { id } } }`
  it.each([
    [true, true],
    [true, false],
    [false, true],
    [false, false],
  ])('hold for $s = %s and $t = %s', (s, t) => expectAgreement(federation, query, { s, t }))

  it('ask no subgraph for what is left out', async () => {
    federation.asked.length = 0
    const conditional = 'query ($s: Boolean!) { me { id age @include(if: $s) } }'
    await expectAgreement(federation, conditional, { s: false })
    expect(federation.asked.map(({ subgraph }) => subgraph)).toEqual(['a'])
    await expectAgreement(federation, conditional, { s: true })
  })

  it('may leave nothing', () =>
    expectAgreement(federation, 'query ($s: Boolean!) { me @skip(if: $s) { id } }', { s: true }))
})

describe('variables', () => {
  it('take their defaults, and only those used are sent', async () => {
    federation.asked.length = 0
    const query = `query ($w: String = "hi", $n: Int, $first: Int = 1, $f: Filter) {
      users(first: $first) { greet(with: $w, times: $n) echo(input: $f) } }`
    await expectAgreement(federation, query, { n: 2 })
    expect(federation.asked[0]?.variables).toEqual({ first: 1 })
    expect(federation.asked[1]?.variables).toEqual({
      representations: [{ __typename: 'User', id: '1' }],
      n: 2,
      w: 'hi',
    })
    await expectAgreement(federation, query, { first: 3, f: { at: 4, like: { role: 'OFF' } }, w: null, n: null })
  })

  it.each([
    [{}, 'Variable "$id": A value of the required type "ID!" was not provided.'],
    [{ id: { a: 1 } }, 'Variable "$id": ID cannot represent value.'],
  ])('that do not fit (%o) ask no subgraph', async (variables, message) => {
    federation.asked.length = 0
    const result = await federation.together(parse('query ($id: ID!) { user(id: $id) { name } }'), variables)
    expect(result).toMatchObject({ errors: [{ message, extensions: { code: 'BAD_USER_INPUT' } }] })
    expect('data' in result).toBe(false)
    expect(federation.asked).toEqual([])
  })

  it.each([
    [{ role: 'hunter2" does not exist in "x' }, 'f.role', 'The value does not exist in "Mode" enum.'],
    [{ role: 'OOF' }, 'f.role', 'The value does not exist in "Mode" enum.'],
    [{ role: 7 }, 'f.role', 'Enum "Mode" cannot represent non-string value.'],
    [{ at: [1, 2, 'hunter2'] }, 'f.at.2', 'Int cannot represent non-integer value.'],
    [{ like: { like: 'hunter2' } }, 'f.like.like', 'Expected type "Filter" to be an object.'],
    [null, 'f', 'Expected non-nullable type "Filter!" not to be null.'],
  ])('that do not fit (%o) are named by place and reason, not repeated', async (f, place, reason) => {
    const { errors } = await federation.together(parse('query ($f: Filter!) { me { echo(input: $f) } }'), { f })
    expect(errors?.map(({ message, extensions }) => [message, extensions])).toEqual([
      [`Variable "$${place}": ${reason}`, { code: 'BAD_USER_INPUT', fields: { [place]: reason } }],
    ])
  })

  it('that do not fit in a hundred thousand places are refused for the first five', async () => {
    const document = parse('query ($f: Filter!) { me { echo(input: $f) } }')
    const { errors } = await federation.together(document, { f: { at: Array.from({ length: 100_000 }, () => 'x') } })
    expect(errors).toHaveLength(5)
  })

  it('that are nested deeper than the stack are refused', async () => {
    const f: unknown = JSON.parse(`${'{"like":'.repeat(30_000)}{}${'}'.repeat(30_000)}`)
    const { errors } = await federation.together(parse('query ($f: Filter!) { me { echo(input: $f) } }'), { f })
    expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['BAD_USER_INPUT'])
  })

  it('are coerced before they are sent', async () => {
    federation.asked.length = 0
    await expectAgreement(federation, 'query ($id: ID!) { user(id: $id) { age } }', { id: 2 })
    expect(federation.asked[0]?.variables).toEqual({ id: '2' })
  })
})

describe('aliases and merged fields', () => {
  it.each([
    '{ me { a: greet(with: "a") b: greet(times: 2) greet } }',
    '{ x: user(id: "1") { age } y: user(id: "2") { age x: name } none: user(id: "9") { age } }',
    '{ me { friend { id } } me { friend { age } ...F } } fragment F on User { friend { friend { karma } age } name }',
    '{ z: me { name karma age id } a: me { age name } me { id } }',
    '{ me { age: name name: greet(with: "x") friend { age: id id: age } } }',
    '{ root { me { age } root { now me { karma } } } }',
  ])('are answered in the order of %s', (query) => expectAgreement(federation, query))
})

describe('values', () => {
  it('of custom scalars pass through, and an enum value that is hidden is null with an error', async () => {
    await expectAgreement(federation, '{ me { settings role } }')
    await expectAgreement(federation, '{ users(first: 3) { role age } }')
  })

  it('hide what is @inaccessible from the schema', () => {
    const { schema } = federation.engine
    expect(schema.getQueryType()?.getFields().secret).toBeUndefined()
    expect(Object.keys(schema.getTypeMap()).filter((name) => /join|link|_Any|_Entity/i.test(name))).toEqual([])
  })
})

describe('introspection', () => {
  it.each([
    getIntrospectionQuery(),
    '{ __typename }',
    '{ a: __typename __schema { queryType { name } } me { age } b: __type(name: "User") { name } }',
    'query ($n: String!) { me { id } __type(name: $n) { fields { name } } }',
    'query ($n: String!, $s: Boolean!) { __type(name: $n) @skip(if: $s) { name } ...F } fragment F on Query { __schema { types { name } } now }',
    '{ root { __schema { queryType { name } } } __schema { mutationType { name } } __schema { queryType { kind } } }',
  ])('is answered here and merged with fields, case %#', (query) =>
    expectAgreement(federation, query, { n: 'User', s: true }),
  )

  it('asks no subgraph on its own', async () => {
    federation.asked.length = 0
    await expectAgreement(federation, '{ __typename ...F } fragment F on Query { __schema { types { name } } }')
    expect(federation.asked).toEqual([])
  })
})

describe('mutations', () => {
  const bank = () => {
    const account: Thing = { __typename: 'Account', id: '1', balance: 10, owner: 'Ada' }
    const change =
      (sign: number) =>
      ({ by }: Thing) => {
        account.balance = Number(account.balance) + sign * Number(by)
        return { ...account, history: [account.balance] }
      }
    return {
      Query: { account },
      Mutation: { add: change(1), take: change(-1), rename: () => ({ ...account, owner: 'Eve' }) },
      entities: [account],
    }
  }
  const accounts = federate(
    {
      a: `type Query { account: Account } type Mutation { add(by: Int!): Account! take(by: Int!): Account }
        type Account @key(fields: "id") { id: ID! balance: Int! }`,
      b: 'type Mutation { rename: Account! } type Account @key(fields: "id") { id: ID! owner: String }',
    },
    bank,
  )
  it('run their root fields one after the other, in order', async () => {
    accounts.asked.length = 0
    const query = `mutation ($n: Int!) { one: add(by: $n) { balance } two: take(by: 3) { balance } rename { owner }
      three: add(by: 1) { balance } __typename }`
    await expectAgreement(accounts, query, { n: 5 })
  })

  it('are each completed by other subgraphs before the next', async () => {
    const counted = () => {
      let count = 0
      const account: Thing = { __typename: 'Account', id: '1', seen: () => count }
      return {
        Query: { account },
        Mutation: { add: () => (count++ < 0 ? null : account), more: () => ++count },
        entities: [account],
      }
    }
    const counting = federate(
      {
        a: 'type Query { account: Account } type Mutation { add: Account } type Account @key(fields: "id") { id: ID! }',
        b: 'type Mutation { more: Int } type Account @key(fields: "id") { id: ID! seen: Int }',
      },
      counted,
    )
    await expectAgreement(
      counting,
      'mutation { one: add { seen } more two: add { ...F } ... { last: more } } fragment F on Account { seen }',
    )
  })

  it('are completed by other subgraphs', () =>
    expectAgreement(accounts, 'mutation { add(by: 1) { id owner } rename { id } }'))
})

describe('what is not supported', () => {
  it.each([
    ['{ ... @defer { me { id } } }', '@defer is not supported.'],
    ['{ users @stream { id } }', '@stream is not supported.'],
    ['fragment F on Query { now }', 'Must provide an operation.'],
    ['query A { now } query B { now }', 'Must provide operation name if query contains multiple operations.'],
  ])('is refused: %s', (query, message) => {
    expect(() => federation.engine.prepare(parse(query))).toThrow(message)
  })

  it('is refused when it is run, where it cannot be planned', async () => {
    expect(await federation.together(parse('{ nowhere }'))).toMatchObject({
      errors: [
        {
          message: 'This operation cannot be planned over the subgraphs.',
          extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
        },
      ],
    })
  })

  it('names the operation that is not there', () => {
    expect(() => federation.engine.prepare(parse('query A { now }'), 'B')).toThrow('Unknown operation named "B".')
  })
})

describe('an engine', () => {
  it('chooses the named operation', async () => {
    const { engine } = federation
    const operation = engine.prepare(parse('query A { now } query B { ...F } fragment F on Query { me { age } }'), 'B')
    expect(operation).toMatchObject({ type: 'query', name: 'B' })
    const result = await engine.run(operation, { variables: {}, principal: { kind: 'anonymous' }, requestId: 'r' })
    expect(result).toEqual({ data: { me: { age: 21 } } })
  })

  it('names its subgraphs and does not start without a way to each', () => {
    expect(federation.engine.subgraphNames).toEqual(['a', 'b', 'c'])
    const supergraphSdl = compose(schemas)
    expect(() => createEngine({ supergraphSdl, transports: { a: async () => ({}) }, planning })).toThrow(
      'No transport leads to: b, c.',
    )
    expect(() => createEngine({ supergraphSdl: 'type Query { a: Int }', transports: {}, planning })).toThrow(
      'not a supergraph',
    )
  })

  it('passes the caller, the request id and the signal to each subgraph', async () => {
    const seen: unknown[] = []
    const transport = async ({ principal, requestId, signal }: SubgraphRequest) => {
      seen.push([principal, requestId, signal])
      return { data: { me: null } }
    }
    const engine = createEngine({
      supergraphSdl: compose(schemas),
      transports: { a: transport, b: transport, c: transport },
      planning,
    })
    const principal = { kind: 'service', name: 's', scopes: [] } as const
    const { signal } = new AbortController()
    await engine.run(engine.prepare(parse('{ me { id } }')), { variables: {}, principal, requestId: 'r1', signal })
    expect(seen).toEqual([[principal, 'r1', signal]])
  })

  it('asks nobody once the request is aborted', async () => {
    const { engine, asked } = federation
    asked.length = 0
    const request = { variables: {}, principal: { kind: 'anonymous' }, requestId: 'r' } as const
    const result = await engine.run(engine.prepare(parse('{ me { id } now }')), {
      ...request,
      signal: AbortSignal.abort(),
    })
    expect(result.data).toEqual({ me: null, now: null })
    expect(places(result.errors)).toEqual(['me UNAVAILABLE', 'now UNAVAILABLE'])
    expect(asked).toEqual([])
  })
})
