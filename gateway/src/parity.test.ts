import { createHash } from 'node:crypto'
import { connect } from 'node:net'
import { ApolloServer } from '@apollo/server'
import { getIntrospectionQuery } from 'graphql'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type OpenEstate, openEstate } from './estate.fixture.ts'

interface Case {
  readonly name: string
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

const bodies: Readonly<Record<string, unknown>> = {
  'a plain field': { query: '{ open }' },
  'several fields': { query: '{ open badge count secret }' },
  'a type name': { query: '{ __typename }' },
  aliases: { query: '{ a: open b: open c: count(by: 4) }' },
  'three levels over two subgraphs': { query: '{ me { id label email sessions { id device } friend { mood } } }' },
  'a named operation': { query: 'query Named { open }', operationName: 'Named' },
  'one of two operations': { query: 'query A { open } query B { count }', operationName: 'B' },
  'an operation name that is empty': { query: '{ open }', operationName: '' },
  'nulls for what is absent': { query: '{ open }', operationName: null, variables: null, extensions: null },
  'extensions without meaning': { query: '{ open }', extensions: { trace: true } },
  variables: { query: 'query ($by: Int!) { count(by: $by) }', variables: { by: 41 } },
  'a default of a variable': { query: 'query ($by: Int! = 7) { count(by: $by) }' },
  'an input object': {
    query: 'query ($i: EchoInput!) { echo(input: $i) }',
    variables: { i: { text: 'ab', times: 2 } },
  },
  'a superfluous variable': { query: '{ open }', variables: { other: [1, { a: null }] } },
  'a hazardous variable': { query: '{ open }', variables: JSON.parse('{"__proto__": {"x": 1}, "constructor": 2}') },
  'fragments and conditions': {
    query:
      'query ($x: Boolean!) { nodes { ...N ... on User @include(if: $x) { email } } } fragment N on Node { __typename id label }',
    variables: { x: true },
  },
  'a union': { query: '{ search { __typename ... on Note { label } ... on User { mood } } }' },
  'a list over an entity fetch': { query: '{ search { ... on User { id mood sessions { id } } } }' },
  'a field that fails': { query: '{ broken open }' },
  'a field that refuses': { query: '{ refused open }' },
  'a null where none may be': { query: '{ must open }' },
  'a mutation': { query: 'mutation { ping }' },
  'a field that asks for two factors': { query: '{ open vaulted }' },
  'a guarded mutation': { query: 'mutation { rename(name: "x") { label } }' },
  'one sign-in': { query: 'mutation { signIn(email: "a@example.org") }' },
  'text beyond ASCII': {
    query: 'query ($i: EchoInput!) { echo(input: $i) }',
    variables: { i: { text: 'ünï🌍\u2028' } },
  },
  'introspection of a type': { query: '{ __type(name: "User") { name fields { name type { name kind } } } }' },
  'all introspection': { query: getIntrospectionQuery(), operationName: 'IntrospectionQuery' },
  'a missing variable': { query: 'query ($by: Int!) { count(by: $by) }' },
  'a wrong variable': { query: 'query ($by: Int!) { count(by: $by) }', variables: { by: { no: 1 } } },
  'an unknown input field': { query: 'query ($i: EchoInput!) { echo(input: $i) }', variables: { i: { txt: 'a' } } },
  'an unknown field': { query: '{ opn me { x } }' },
  'an unknown fragment': { query: '{ ...Nowhere }' },
  'an unknown argument': { query: '{ open(x: 1) }' },
  'a syntax error': { query: '{ open( }' },
  'nothing but a fragment': { query: 'fragment F on Query { open }' },
  'an unknown operation name': { query: 'query A { open }', operationName: 'Z' },
  'no operation name': { query: 'query A { open } query B { count }' },
  'a subscription': { query: 'subscription { open }' },
  'too deep': { query: `{ me ${'{ friend '.repeat(13)}{ id }${' }'.repeat(13)} }` },
  'too many aliases': { query: `{ ${Array.from({ length: 16 }, (_, i) => `a${i}: open`).join(' ')} }` },
  'too many roots': { query: `{ ${'open '.repeat(11)} }` },
  'too many tokens': { query: `{ ${'open '.repeat(2_000)} }` },
  'too many directives': { query: `{ open ${'@skip(if: false) '.repeat(51)} }` },
  'sign-in twice': { query: 'mutation { a: signIn(email: "a") b: signIn(email: "b") }' },
  'an empty query': { query: '' },
  'a query that is no text': { query: 7 },
  'a query that is a document': { query: { kind: 'Document' } },
  'variables as text': { query: '{ open }', variables: '{}' },
  'variables as a list': { query: '{ open }', variables: [] },
  'an operation name that is no text': { query: '{ open }', operationName: 7 },
  'extensions as text': { query: '{ open }', extensions: 'x' },
  'extensions as a list': { query: '{ open }', extensions: [] },
  'a batch': [{ query: '{ open }' }, { query: '{ open }' }],
  'an empty batch': [],
  'an empty object': {},
  'a lone number': 7,
  'a lone null': null,
}

const credentials: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  nobody: {},
  'Ada with scopes': { authorization: 'Bearer profile:read,sessions:read,secret:read,profile:write' },
  'Ada without scopes': { authorization: 'Bearer ' },
  'a bad credential': { authorization: 'Bearer bad' },
}

const accepts = ['application/graphql-response+json, application/json;q=0.9', '*/*']

const jsonHeaders = { 'content-type': 'application/json' }
const hashed = (query: string) => ({
  persistedQuery: { version: 1, sha256Hash: createHash('sha256').update(query).digest('hex') },
})
const simple = JSON.stringify({ query: '{ open }' })
const ownPage = { ...jsonHeaders, origin: 'http://localhost:4000' }
const cookies = { cookie: 'latchkey=profile:read; latchkey-refresh=ses_ada.1.k.mac' }
const signIn = JSON.stringify({ query: 'mutation { enter { ... on SignedIn { accessToken user { id } } } }' })
const signOut = JSON.stringify({ query: 'mutation { leave { sessionId } }' })
const preflight = { 'apollo-require-preflight': '1' }

const posts: Case[] = Object.entries(bodies).flatMap(([name, body]) =>
  Object.entries(credentials).flatMap(([who, credential]) =>
    accepts.map((accept) => ({
      name: `${name}, by ${who}, as ${accept}`,
      headers: { ...jsonHeaders, ...credential, accept },
      body: JSON.stringify(body),
    })),
  ),
)

const others: Case[] = [
  { name: 'malformed JSON', headers: jsonHeaders, body: '{"query": "{ open }"' },
  { name: 'an empty body', headers: jsonHeaders, body: '' },
  { name: 'no content type', body: simple },
  { name: 'a form', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'query={open}' },
  { name: 'plain text with a preflight', headers: { 'content-type': 'text/plain', ...preflight }, body: simple },
  { name: 'plain text', headers: { 'content-type': 'text/plain' }, body: simple },
  { name: 'a charset', headers: { 'content-type': 'application/json; charset=utf-8' }, body: simple },
  { name: 'another charset', headers: { 'content-type': 'application/json; charset=latin1' }, body: simple },
  { name: 'an unreadable type', headers: { 'content-type': 'json' }, body: simple },
  { name: 'compressed', headers: { ...jsonHeaders, 'content-encoding': 'gzip' }, body: simple },
  { name: 'an answer as an image', headers: { ...jsonHeaders, accept: 'image/png' }, body: simple },
  { name: 'an answer as nothing of ours', headers: { ...jsonHeaders, accept: 'application/json;q=0' }, body: simple },
  { name: 'an answer as a stream', headers: { ...jsonHeaders, accept: 'multipart/mixed' }, body: simple },
  { name: 'a large body', headers: jsonHeaders, body: JSON.stringify({ query: '{ open }', x: 'y'.repeat(262_144) }) },
  { name: 'a search on a POST', path: '/graphql?query={count}', headers: jsonHeaders, body: simple },
  { name: 'an unknown hash', headers: jsonHeaders, body: JSON.stringify({ extensions: hashed('{ no }') }) },
  {
    name: 'a hash with its query',
    headers: jsonHeaders,
    body: JSON.stringify({ query: '{ open count }', extensions: hashed('{ open count }') }),
  },
  { name: 'a known hash alone', headers: jsonHeaders, body: JSON.stringify({ extensions: hashed('{ open count }') }) },
  {
    name: 'a wrong hash',
    headers: jsonHeaders,
    body: JSON.stringify({ query: '{ open }', extensions: hashed('{ no }') }),
  },
  {
    name: 'another version',
    headers: jsonHeaders,
    body: JSON.stringify({ extensions: { persistedQuery: { version: 2 } } }),
  },
  { name: 'GET', method: 'GET', path: '/graphql?query={open}', headers: preflight },
  { name: 'GET without a preflight', method: 'GET', path: '/graphql?query={open}' },
  {
    name: 'GET with variables',
    method: 'GET',
    path: '/graphql?query=query($by:Int!){count(by:$by)}&variables={"by":5}',
    headers: preflight,
  },
  { name: 'GET with broken variables', method: 'GET', path: '/graphql?query={open}&variables={', headers: preflight },
  { name: 'GET with two queries', method: 'GET', path: '/graphql?query={open}&query={open}', headers: preflight },
  {
    name: 'GET with an operation name',
    method: 'GET',
    path: '/graphql?query=query A{open}&operationName=A'.replaceAll(' ', '%20'),
    headers: preflight,
  },
  {
    name: 'GET of a hash',
    method: 'GET',
    path: `/graphql?extensions=${encodeURIComponent(JSON.stringify(hashed('{ open count }')))}`,
    headers: preflight,
  },
  { name: 'GET of nothing', method: 'GET', headers: preflight },
  { name: 'GET of a mutation', method: 'GET', path: '/graphql?query=mutation{ping}', headers: preflight },
  {
    name: 'GET of a guarded mutation',
    method: 'GET',
    path: '/graphql?query=mutation{rename(name:"x"){id}}',
    headers: preflight,
  },
  {
    name: 'GET with a bad credential',
    method: 'GET',
    path: '/graphql?query={open}',
    headers: { ...preflight, ...credentials['a bad credential'] },
  },
  { name: 'HEAD', method: 'HEAD', path: '/graphql?query={open}', headers: preflight },
  { name: 'PUT', method: 'PUT', headers: jsonHeaders, body: simple },
  { name: 'DELETE', method: 'DELETE' },
  { name: 'OPTIONS', method: 'OPTIONS', headers: { origin: 'https://studio.apollographql.com' } },
  { name: 'from Apollo Studio', headers: { ...jsonHeaders, origin: 'https://studio.apollographql.com' }, body: simple },
  { name: 'from another site', headers: { ...jsonHeaders, origin: 'https://evil.example' }, body: simple },
  { name: 'a sign-in for cookies', headers: { ...ownPage, 'x-latchkey-auth-mode': 'cookie' }, body: signIn },
  { name: 'a sign-in for cookies, from elsewhere', headers: { ...jsonHeaders, ...cookies }, body: signIn },
  { name: 'an unknown mode', headers: { ...ownPage, 'x-latchkey-auth-mode': 'header' }, body: signIn },
  { name: 'a sign-in with cookies', headers: { ...ownPage, ...cookies }, body: signIn },
  { name: 'a sign-out with cookies', headers: { ...ownPage, ...cookies }, body: signOut },
  { name: 'a cookie that is refused', headers: { ...ownPage, cookie: 'latchkey=bad' }, body: simple },
  { name: 'a cookie twice', headers: { ...ownPage, cookie: 'latchkey=; latchkey=' }, body: simple },
  { name: 'under another host', headers: { ...jsonHeaders, host: 'evil.example' }, body: simple },
]

let both: OpenEstate
let apolloOnly: OpenEstate

beforeAll(async () => {
  both = await openEstate()
  apolloOnly = await openEstate({ shortLane: 'off' })
})
afterAll(() => Promise.all([both.gateway.close(), apolloOnly.gateway.close()]))

/** The answer as it is on the wire, save what differs from moment to moment: the date and the id of the request. */
function exchange(
  { url }: OpenEstate,
  { method = 'POST', path = '/graphql', headers = {}, body }: Case,
): Promise<string> {
  const fields = {
    host: 'localhost',
    connection: 'close',
    ...headers,
    ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }),
  }
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    let text = ''
    socket.setEncoding('utf8').on('data', (chunk) => {
      text += chunk
    })
    // A server that refuses a body may close before the last of it was sent.
    socket.on('error', () => (text === '' ? reject(new Error('no answer')) : undefined))
    socket.on('close', () => resolve(withoutIds(text)))
    socket.write(`${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body ?? ''}`)
  })
}

/** Ids are of different lengths. */
function withoutIds(text: string): string {
  const ids = /"(?:requestId|decisionId)":"[^"]*"/g
  const length = (text.match(ids) ?? []).join('').length
  return text
    .replace(/^Date: .*\r\n/im, '')
    .replace(/^x-request-id: .*\r\n/im, '')
    .replace(/^content-length: (\d+)/im, (_, whole) => `content-length: ${Number(whole) - length}`)
    .replaceAll(ids, '')
}

describe('the short lane and Apollo Server give the same answers, byte for byte', () => {
  const all = [...posts, ...others]

  it('over at least 200 operations, the first time and the second', async () => {
    expect(all.length).toBeGreaterThanOrEqual(200)
    for (const each of all) {
      const byApollo = await exchange(apolloOnly, each)
      expect(byApollo, each.name).toMatch(/^HTTP\/1\.1 \d{3} /)
      expect(await exchange(both, each), `${each.name}: first sight`).toBe(byApollo)
      expect(await exchange(both, each), `${each.name}: second sight`).toBe(byApollo)
    }
    expect(both.asked.length).toBe(2 * apolloOnly.asked.length)
  }, 60_000)

  it('also to keys: with what is left of their limits, whatever becomes of the request', async () => {
    const [one, few] = [
      { limit: 1, windowSeconds: 60, burst: 1 },
      { limit: 9, windowSeconds: 60, burst: 3 },
    ]
    const keys = {
      plain: {},
      'with two limits': {
        rateLimits: [
          { name: 'few', ...few },
          { name: 'one', ...one },
        ],
      },
      'with two uses': { uses: { limit: 2, refill: 'DAILY', issue: 1 } },
    }
    const asked = {
      'a plain field': { query: '{ open }' },
      'a field beyond its scopes': { query: '{ secret }' },
      'an unknown field': { query: '{ opn }' },
      'a mutation': { query: 'mutation { ping }' },
      'a field that fails': { query: '{ broken }' },
    }
    for (const [who, confinement] of Object.entries(keys))
      for (const [what, body] of Object.entries(asked)) {
        const inTurn = async (estate: OpenEstate, id: string) => {
          const headers = { ...jsonHeaders, 'x-api-key': `${id} ${JSON.stringify(confinement)}` }
          const answers: string[] = []
          for (const _ of [1, 2, 3])
            answers.push(await exchange(estate, { name: what, headers, body: JSON.stringify(body) }))
          return answers
        }
        const id = `${who} ${what}`.replaceAll(' ', '-')
        const byApollo = await inTurn(apolloOnly, id)
        expect(byApollo[2], id).toMatch(/\r\nratelimit-remaining: \d+\r\n/)
        expect(await inTurn(both, id), id).toEqual(byApollo)
        expect(await inTurn(both, `${id}-again`), id).toEqual(byApollo)
      }
    expect(await exchange(both, { name: 'session', headers: jsonHeaders, body: simple })).not.toMatch(/ratelimit/)
  })

  it('and each lane is really taken', async () => {
    const apollo = vi.spyOn(ApolloServer.prototype, 'executeHTTPGraphQLRequest')
    const known = { name: 'known', headers: jsonHeaders, body: simple }
    await exchange(both, known)
    await exchange(both, known)
    expect(apollo).toHaveBeenCalledTimes(0)
    await exchange(apolloOnly, known)
    expect(apollo).toHaveBeenCalledTimes(1)
    apollo.mockRestore()
  })

  it('and an aborted request ends in neither with an answer or a fault', async () => {
    for (const estate of [both, apolloOnly]) {
      const before = estate.asked.length
      await new Promise<void>((resolve) => {
        const socket = connect(Number(new URL(estate.url).port), '127.0.0.1')
        socket.on('close', () => resolve())
        socket.on('error', () => {})
        socket.write(
          `POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{"query"`,
          () => socket.destroy(),
        )
      })
      expect(await exchange(estate, { name: 'after', headers: jsonHeaders, body: simple })).toMatch(/200 OK/)
      expect(estate.asked.length).toBe(before + 1)
    }
  })
})
