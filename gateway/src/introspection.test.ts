/** The schema, asked for in production: by whom, how much of it they see, and what else comes with it. */
import { buildClientSchema, type GraphQLSchema, getIntrospectionQuery, isObjectType, validateSchema } from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OpenEstate, openEstate } from './estate.fixture.ts'

let estate: OpenEstate
beforeAll(async () => {
  estate = await openEstate({ mode: 'production' })
})
afterAll(() => estate.gateway.close())

type Headers = Readonly<Record<string, string>>

async function post(body: object, headers: Headers = {}, at = estate) {
  const response = await fetch(`${at.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever it asked for
  const { data, errors = [] } = (await response.json()) as { data?: any; errors?: { extensions: { code: string } }[] }
  return { status: response.status, data, codes: errors.map(({ extensions }) => extensions.code) }
}

const ada = (scopes = 'none'): Headers => ({ authorization: `Bearer ${scopes}` })
const key = (access: object): Headers => ({ 'x-api-key': `k ${JSON.stringify({ access })}` })
const denying = (...denied: string[]) => key({ allow: [], deny: denied, denied })
const accepting = (...accepted: string[]) => key({ allow: accepted, deny: [], denied: [], accepted })

async function seenBy(headers: Headers, at = estate): Promise<GraphQLSchema> {
  const { data, codes } = await post({ query: getIntrospectionQuery() }, headers, at)
  expect(codes).toEqual([])
  const told = buildClientSchema(data)
  expect(validateSchema(told)).toEqual([])
  return told
}

const fieldsOf = (told: GraphQLSchema, name: string): readonly string[] => {
  const type = told.getType(name)
  return isObjectType(type) ? Object.keys(type.getFields()) : []
}

describe('the schema is shown', () => {
  it('to nobody who is not signed in, in whatever way it is asked for', async () => {
    for (const query of [
      getIntrospectionQuery(),
      '{ __type(name: "User") { name } }',
      '{ open ... on Query { ...F } } fragment F on Query { x: __schema { types { name } } }',
      'query ($x: Boolean = false) { open __schema @include(if: $x) { types { name } } }',
    ])
      expect(await post({ query })).toEqual({ status: 401, data: undefined, codes: ['UNAUTHENTICATED'] })
  })

  it('without what the caller lacks the scopes for, and without what only leads from there', async () => {
    const told = await seenBy(ada())
    expect(fieldsOf(told, 'User')).toEqual(['id', 'label', 'friend', 'rival', 'salary', 'mood'])
    expect(fieldsOf(told, 'Vault')).toEqual(['id', 'label'])
    expect(fieldsOf(told, 'Query')).not.toContain('secret')
    expect(fieldsOf(told, 'Mutation')).not.toContain('rename')
    expect(['Session', 'Secret'].map((name) => told.getType(name))).toEqual([undefined, undefined])
  })

  it('with what a proof or a policy stands before', async () => {
    const told = await seenBy(ada())
    expect(fieldsOf(told, 'Query')).toContain('vaulted')
    expect(fieldsOf(told, 'Mutation')).toContain('raise')
  })

  it('to a key without what only a person in person may ask', async () => {
    expect(fieldsOf(await seenBy({ 'x-api-key': 'k' }), 'Query')).not.toContain('vaulted')
  })

  it('to each by what they hold at the time, whoever asked before', async () => {
    const email = async (headers: Headers) => fieldsOf(await seenBy(headers), 'User').includes('email')
    expect(await email(ada('profile:read'))).toBe(true)
    expect(await email(ada())).toBe(false)
    expect(await email(ada('users:read'))).toBe(true)
    expect(await email(ada('unheard:of'))).toBe(false)
    expect(await email({ authorization: 'Bearer bob' })).toBe(false)
    expect(await email(ada('profile:read'))).toBe(true)
  })

  it('to a key without what its access list denies, on every type behind an interface and beside keys with other lists', async () => {
    expect(fieldsOf(await seenBy({ 'x-api-key': 'k' }), 'User')).toContain('email')
    const told = await seenBy(denying('User.email', 'Query.count(by:)', 'Node.label', 'Vault.*'))
    expect(fieldsOf(told, 'User')).toEqual(['id', 'friend', 'rival', 'salary', 'mood'])
    expect(told.getQueryType()?.getFields().count?.args).toEqual([])
    expect(told.getType('Vault')).toBeUndefined()
    expect(fieldsOf(await seenBy(denying('User.friend')), 'User')).toContain('email')
  })

  it('to a key with what its access list allows, and not at all where that does not name it', async () => {
    const told = await seenBy(accepting('Query.__schema', 'Query.me', 'User.id'))
    expect([fieldsOf(told, 'Query'), fieldsOf(told, 'User')]).toEqual([['me'], ['id']])
    const refused = { status: 403, data: undefined, codes: ['FORBIDDEN'] }
    const query = '{ __schema { types { name } } }'
    expect(await post({ query }, accepting('Query.me', 'User.id'))).toEqual(refused)
    expect(await post({ query }, accepting('Query.__schema', 'User.id'))).toEqual(refused)
  })
})

describe('what is hidden', () => {
  it('is no type by its name, however the name is given', async () => {
    const query =
      'query ($n: String!) { a: __type(name: $n) { name } b: __type(name: "Session") { name } c: __type(name: "User") { name } }'
    expect((await post({ query, variables: { n: 'Secret' } }, ada())).data).toEqual({
      a: null,
      b: null,
      c: { name: 'User' },
    })
    expect((await post({ query, variables: { n: 'Secret' } }, ada('secret:read'))).data.a).toEqual({ name: 'Secret' })
  })

  it('is not seen through types that are shown', async () => {
    const query = '{ __type(name: "Thing") { possibleTypes { name fields { name type { name } } } } }'
    const { data } = await post({ query }, denying('Note.*', 'User.sessions'))
    const told = JSON.stringify(data)
    expect(told).toMatch(/User.*Vault/)
    expect(told).not.toMatch(/Note|sessions|Session/)
  })

  it('is refused beside introspection as it is alone', async () => {
    for (const query of [
      '{ __schema { types { name } } secret }',
      '{ __typename ...F } fragment F on Query { __type(name: "Session") { name } me { sessions { id } } }',
    ])
      expect(await post({ query }, ada())).toEqual({ status: 403, data: undefined, codes: ['FORBIDDEN'] })
  })

  it('does not keep a caller from naming a type of it for a variable of theirs', async () => {
    const closed = denying('Query.echo')
    const query = '{ __type(name: "EchoInput") { name } open }'
    expect((await post({ query }, closed)).data).toEqual({ __type: null, open: 'sesame' })
    const naming =
      'query ($input: EchoInput!, $no: Boolean = false) { __schema { queryType { name } } count(by: 1) echo(input: $input) @include(if: $no) }'
    expect(await post({ query: naming, variables: { input: { text: 'x' } } }, closed)).toMatchObject({ status: 403 })
  })
})

it('data and the schema are answered together, and no subgraph is asked for the schema', async () => {
  const before = estate.asked.length
  const query = 'query ($in: EchoInput!) { echo(input: $in) __type(name: "User") { kind } open }'
  const answer = await post({ query, variables: { in: { text: 'hi' } } }, ada())
  expect(answer.data).toEqual({ echo: 'hi', __type: { kind: 'OBJECT' }, open: 'sesame' })
  const asked = estate.asked.slice(before).map((request) => request.query)
  expect(asked.join()).not.toMatch(/__type\b|__schema/)
})

it('where fields are withheld, the schema is still refused as a whole to whoever may not see it', async () => {
  const open = await openEstate({ mode: 'production', authorization: 'filter' })
  try {
    const mixed = await post({ query: '{ __type(name: "Secret") { name } secret open }' }, ada(), open)
    expect(mixed).toEqual({ status: 200, data: { __type: null, secret: null, open: 'sesame' }, codes: ['FORBIDDEN'] })
    const whole = await post({ query: '{ __schema { queryType { name } } open }' }, {}, open)
    expect(whole).toEqual({ status: 401, data: undefined, codes: ['UNAUTHENTICATED'] })
  } finally {
    await open.gateway.close()
  }
})

describe('an operator', () => {
  it.each([
    ['off', 400, 400],
    ['filtered', 401, 200],
    ['open', 200, 200],
  ] as const)('may have it %s, in production and in development', async (introspection, nobody, somebody) => {
    for (const mode of ['production', 'development'] as const) {
      const at = await openEstate({ mode, introspection })
      try {
        const query = '{ __type(name: "Session") { name } }'
        const answers = [await post({ query }, {}, at), await post({ query }, ada(), at)]
        expect(answers.map(({ status }) => status)).toEqual([nobody, somebody])
        expect(answers[1]?.data?.__type ?? null).toEqual(introspection === 'open' ? { name: 'Session' } : null)
      } finally {
        await at.gateway.close()
      }
    }
  })

  it('has it open in development', async () => {
    const at = await openEstate()
    expect((await seenBy({}, at)).getType('Session')).toBeDefined()
    await at.gateway.close()
  })
})

it('another supergraph is seen as soon as it is served', async () => {
  const at = await openEstate({ mode: 'production' })
  try {
    expect(fieldsOf(await seenBy(ada(), at), 'User')).not.toContain('email')
    const supergraphSdl = at.supergraphSdl.replace(/(\bemail: String[^\n]*?)@requiresScopes\([^)]*\)/, '$1')
    expect(supergraphSdl).not.toBe(at.supergraphSdl)
    ;(await at.gateway.prepare({ supergraphSdl, transports: at.transports }))()
    expect(fieldsOf(await seenBy(ada(), at), 'User')).toContain('email')
  } finally {
    await at.gateway.close()
  }
})
