import { hash } from 'node:crypto'
import type { AccessList } from '@latchkey/principal/access-list'
import type { Confinement } from '@latchkey/principal/confinement'
import type { ApiKeyRecord } from '@latchkey/principal/credential-records'
import { anApiKey } from '@latchkey/principal/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Recogniser } from './authenticate/authenticate.ts'
import { type OpenEstate, openEstate } from './estate.fixture.ts'

const scopes = ['profile:read', 'profile:write', 'vault:admin', 'sessions:read', 'secret:read']
const listed = (accepted: readonly string[], more: Partial<AccessList> = {}): Confinement => ({
  access: { allow: accepted, deny: [], accepted, denied: [], ...more },
})

const bound = 'query Bound($id: ID!) { user(id: $id) { id } }'
const sha256 = (text: string) => hash('sha256', text, 'hex')

const keys: Readonly<Record<string, Confinement>> = {
  free: {},
  people: listed(['Query.me', 'Query.user', 'Query.user(id:)', 'User.id', 'User.label', 'User.friend', 'Query.search']),
  ada: listed(['Query.user', 'Query.user(id:)', 'User.id', 'User.friend', 'Query.count', 'Query.count(by:)'], {
    constants: { 'Query.user(id:)': ['"usr_ada"'], 'Query.count(by:)': ['2', '3'] },
  }),
  nodes: listed(['Query.nodes', 'Node.id', 'User.id', 'Vault.id', 'Note.id', 'Node.label', 'User.label']),
  noEmail: { access: { allow: [], deny: ['User.email'], denied: ['User.email', 'Mutation.*', 'Query.__type'] } },
  noLabel: { access: { allow: [], deny: ['Node.label'], denied: ['Node.label'] } },
  noNode: { access: { allow: [], deny: ['Node.*'], denied: ['Node.*'] } },
  introspecting: listed(['Query.__schema']),
  changing: listed(['Mutation.rename', 'Mutation.rename(name:)', 'User.label']),
  weak: listed(['Query.me', 'User.email']),
  bound: { operations: [sha256(bound)] },
}

const records = Object.fromEntries(
  Object.entries(keys).map(([keyId, confinement]): [string, ApiKeyRecord] => [
    keyId,
    {
      ...{ keyId, version: 1, ownerId: 'usr_ada', secretMac: '', pepperId: '', scopes, confinement },
      ...{ environment: 'test', expiresAtMs: null, revokedAtMs: null },
    },
  ]),
)

/** `x-api-key` is the name of a record. */
const byName: Recogniser = async ({ 'x-api-key': name }) => {
  const key = records[String(name)]
  return key ? { principal: anApiKey({ keyId: key.keyId, scopes: name === 'weak' ? [] : scopes }), key } : null
}

let estate: OpenEstate
beforeAll(async () => {
  estate = await openEstate({ recognisers: [byName] })
})
afterAll(() => estate.gateway.close())

interface Body {
  readonly data?: unknown
  readonly errors?: readonly { message: string; extensions: Record<string, unknown> }[]
}

async function post(key: string, body: object) {
  const response = await fetch(`${estate.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': key },
    body: JSON.stringify(body),
  })
  return { status: response.status, body: (await response.json()) as Body }
}

/** `served`, or the coordinate that is named in the refusal. No subgraph may have heard of what is refused. */
async function verdict(key: string, query: string, variables: object = {}): Promise<string> {
  const heard = estate.asked.length
  const { status, body } = await post(key, { query, variables })
  if (status === 200) return 'served'
  const [error] = body.errors ?? []
  expect(error?.extensions).toMatchObject({ code: 'FORBIDDEN', reason: 'ACL_DENIED' })
  expect([status, estate.asked.length]).toEqual([403, heard])
  return /may not ask (\w+\.\w+(?:\(\w+:\))?)/.exec(error?.message ?? '')?.[1] ?? 'another operation'
}

describe('a key with an access list', () => {
  it.each<[string, string, string, string]>([
    ['asks what is allowed', 'people', '{ me { id label friend { id } } }', 'served'],
    [
      'may always ask for the names of types',
      'people',
      '{ __typename me { __typename } search { __typename } }',
      'served',
    ],
    ['asks nothing else', 'people', '{ open }', 'Query.open'],
    ['hides it behind no alias', 'people', '{ me { id: email } }', 'User.email'],
    ['hides it behind no alias of its parent', 'people', '{ me: open }', 'Query.open'],
    [
      'hides it in no fragment',
      'people',
      '{ ...Q } fragment Q on Query { me { ...U } } fragment U on User { email }',
      'User.email',
    ],
    ['hides it in no inline fragment', 'people', '{ me { ... { ... on User { email } } } }', 'User.email'],
    ['hides it behind no interface', 'people', '{ me { ... on Node { ... on User { email } } } }', 'User.email'],
    ['hides it in no union', 'people', '{ search { ... on User { email } } }', 'User.email'],
    ['hides it below no entity', 'people', '{ me { friend { rival { id } } } }', 'User.rival'],
    ['reaches no other subgraph', 'people', '{ me { sessions { id } } }', 'User.sessions'],
    ['hides it behind no condition', 'people', '{ me { id email @skip(if: true) } }', 'User.email'],
    ['asks on an interface what it may of every type', 'nodes', '{ nodes { id } }', 'served'],
    ['asks nothing on an interface that it may not of one type', 'nodes', '{ nodes { label } }', 'Vault.label'],
    ['asks of one type what it may of that', 'nodes', '{ nodes { ... on User { label } } }', 'served'],
    [
      'asks of no type what an interface denies it that came to be behind it later',
      'noLabel',
      '{ me { label } }',
      'User.label',
    ],
    ['nor whatever the interface has, when all of it is denied', 'noNode', '{ me { id } }', 'User.id'],
    ['asks of a type what none of its interfaces has', 'noNode', '{ me { email } }', 'served'],
    ['changes nothing that it may not', 'people', 'mutation { ping }', 'Mutation.ping'],
    ['changes what it may', 'changing', 'mutation { rename(name: "Ada") { label } }', 'served'],
    ['does not introspect', 'people', '{ __schema { types { name } } }', 'Query.__schema'],
    [
      'does not introspect in a fragment',
      'people',
      '{ me { id } ...F } fragment F on Query { x: __type(name: "User") { name } }',
      'Query.__type',
    ],
    ['introspects when it may', 'introspecting', '{ __schema { types { name } } }', 'served'],
    ['introspects no further', 'introspecting', '{ __type(name: "User") { name } }', 'Query.__type'],
    [
      'that only denies asks the rest',
      'noEmail',
      '{ open me { id label sessions { id } } __schema { types { name } } }',
      'served',
    ],
    ['that only denies asks nothing of it', 'noEmail', '{ me { id email } }', 'User.email'],
    ['that denies a whole type asks nothing of it', 'noEmail', 'mutation { ping }', 'Mutation.ping'],
    ['that denies introspection does not introspect', 'noEmail', '{ __type(name: "User") { name } }', 'Query.__type'],
  ])('%s', async (_, key, query, expected) => {
    expect(await verdict(key, query)).toBe(expected)
  })

  it('cannot ask for entities as the gateway does', async () => {
    const { status, body } = await post('free', {
      query: '{ _entities(representations: [{ __typename: "User", id: "usr_bob" }]) { __typename } }',
    })
    expect([status, body.errors?.[0]?.extensions.code]).toEqual([400, 'GRAPHQL_VALIDATION_FAILED'])
  })

  it('is refused the same when the operation was prepared for somebody else, and again', async () => {
    const query = 'query Prepared { me { id email } }'
    expect(await verdict('free', query)).toBe('served')
    for (let times = 0; times < 3; times++) expect(await verdict('people', query)).toBe('User.email')
  })

  it('is told of a scope that it lacks, where its list allows', async () => {
    const vault = await post('weak', { query: '{ me { email } }' })
    expect([vault.status, vault.body.errors?.[0]?.extensions]).toEqual([
      403,
      { code: 'FORBIDDEN', reason: 'SCOPE_DENIED', decisionId: expect.any(String) },
    ])
  })

  it('is told nothing of what it may not ask, not even that a scope is missing', async () => {
    expect(await verdict('people', '{ vaulted }')).toBe('Query.vaulted')
  })
})

describe('an argument that is confined to values', () => {
  const argument = 'Query.user(id:)'
  it.each<[string, string, object, string]>([
    ['is given as one of them', '{ user(id: "usr_ada") { id } }', {}, 'served'],
    ['is nothing else', '{ user(id: "usr_bob") { id } }', {}, argument],
    ['is given by a variable', 'query ($id: ID!) { user(id: $id) { id } }', { id: 'usr_ada' }, 'served'],
    ['is nothing else by a variable', 'query ($id: ID!) { user(id: $id) { id } }', { id: 'usr_bob' }, argument],
    [
      'is the value that the operation gives a variable',
      'query ($id: ID! = "usr_ada") { user(id: $id) { id } }',
      {},
      'served',
    ],
    [
      'is not what stands in for another one',
      'query ($id: ID! = "usr_ada") { user(id: $id) { id } }',
      { id: 'usr_bob' },
      argument,
    ],
    ['is judged at every place', '{ a: user(id: "usr_ada") { id } b: user(id: "usr_bob") { id } }', {}, argument],
    [
      'is judged in fragments',
      '{ user(id: "usr_ada") { id } ...F } fragment F on Query { b: user(id: "usr_bob") { id } }',
      {},
      argument,
    ],
    [
      'is judged at every place by its variable',
      'query ($a: ID!, $b: ID!) { a: user(id: $a) { id } b: user(id: $b) { id } }',
      { a: 'usr_ada', b: 'usr_bob' },
      argument,
    ],
    ['is judged where it is skipped', '{ user(id: "usr_bob") @skip(if: true) { id } count(by: 2) }', {}, argument],
    ['is not left out for its default', '{ count }', {}, 'Query.count(by:)'],
    ['is not left out by a variable', 'query ($by: Int) { count(by: $by) }', {}, 'Query.count(by:)'],
    ['is one of several', '{ a: count(by: 2) b: count(by: 3) }', {}, 'served'],
    ['is not beside them', 'query ($by: Int!) { a: count(by: 2) b: count(by: $by) }', { by: 4 }, 'Query.count(by:)'],
    ['is compared as a number', 'query ($by: Int!) { count(by: $by) }', { by: 2.0 }, 'served'],
    [
      'is refused when the variables do not fit',
      'query ($by: Int!) { count(by: $by) }',
      { by: '2' },
      'Query.count(by:)',
    ],
    ['is refused when it is null', 'query ($id: ID!) { user(id: $id) { id } }', { id: null }, argument],
    ['says nothing of what is reached from there', '{ user(id: "usr_ada") { friend { id } } }', {}, 'served'],
  ])('%s', async (_, query, variables, expected) => {
    expect(await verdict('ada', query, variables)).toBe(expected)
  })

  it('is judged anew with every request, however often the operation was served', async () => {
    const query = 'query Again($id: ID!) { user(id: $id) { id } }'
    const ids = ['usr_ada', 'usr_bob', 'usr_ada', 'usr_bob', 'usr_bob', 'usr_ada']
    const verdicts = await Promise.all(
      ids.map(async (id) => [id, await post('ada', { query, variables: { id } })] as const),
    )
    for (const [id, { status, body }] of verdicts) {
      expect(status).toBe(id === 'usr_ada' ? 200 : 403)
      if (id === 'usr_ada') expect(body.data).toEqual({ user: { id } })
    }
  })
})

describe('a key that is bound to operations', () => {
  const persisted = (query: string) => ({ extensions: { persistedQuery: { version: 1, sha256Hash: sha256(query) } } })

  it('runs them, in full and by their hash', async () => {
    expect(await verdict('bound', bound, { id: 'usr_bob' })).toBe('served')
    const unknown = await post('bound', { variables: { id: 'usr_bob' }, ...persisted(bound) })
    expect(unknown.body.errors?.[0]?.extensions.code).toBe('PERSISTED_QUERY_NOT_FOUND')
    const kept = await post('bound', { query: bound, variables: { id: 'usr_bob' }, ...persisted(bound) })
    const found = await post('bound', { variables: { id: 'usr_bob' }, ...persisted(bound) })
    expect([kept.body.data, found.body.data]).toEqual([{ user: { id: 'usr_bob' } }, { user: { id: 'usr_bob' } }])
  })

  it.each([
    ['another one', '{ open }'],
    ['the same with a blank more', `${bound} `],
    ['the same with a comment', `${bound}#`],
    ['nothing that can be read', '{'],
    ['introspection', '{ __schema { types { name } } }'],
  ])('does not run %s', async (_, query) => {
    expect(await verdict('bound', query, { id: 'usr_bob' })).toBe('another operation')
  })

  it('does not run what others have persisted', async () => {
    const query = 'query Others { open }'
    await post('free', { query, ...persisted(query) })
    const { status, body } = await post('bound', persisted(query))
    expect([status, body.errors?.[0]?.extensions.reason]).toEqual([403, 'ACL_DENIED'])
  })

  it('cannot give another document the hash of its own', async () => {
    const { body } = await post('bound', { query: '{ open }', ...persisted(bound) })
    expect(body.data).toBeUndefined()
  })
})
