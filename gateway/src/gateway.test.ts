import { request as httpRequest } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OpenEstate, openEstate } from './estate.fixture.ts'

let estate: OpenEstate

beforeAll(async () => {
  estate = await openEstate()
})
afterAll(() => estate.gateway.close())

interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly body: { data?: unknown; errors?: { message: string; extensions: Record<string, unknown> }[] }
}

async function post(body: unknown, headers: Record<string, string> = {}, at = estate): Promise<Reply> {
  const response = await fetch(`${at.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  return { status: response.status, headers: response.headers, body: (await response.json()) as Reply['body'] }
}

/** What fetch will not send: any Host, any header, any method. */
function raw(
  options: { method?: string; path?: string; headers?: Record<string, string>; body?: string },
  at = estate,
) {
  return new Promise<{ status: number; headers: Record<string, unknown>; text: string }>((resolve, reject) => {
    const { port } = new URL(at.url)
    const sent = httpRequest({ host: '127.0.0.1', port, path: '/graphql', ...options }, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }))
    })
    sent.on('error', reject)
    sent.end(options.body)
  })
}

const askedDuring = async (work: () => Promise<unknown>): Promise<number> => {
  const before = estate.asked.length
  await work()
  return estate.asked.length - before
}

describe('an operation', () => {
  it('is answered across subgraphs, the first time and the second', async () => {
    const query = '{ me { id email sessions { device } } }'
    const answers = [await post({ query }, adaMay), await post({ query }, adaMay)]
    for (const { status, body } of answers) {
      expect(body).toEqual({
        data: { me: { id: 'usr_ada', email: 'ada@example.org', sessions: [{ device: 'Firefox' }] } },
      })
      expect(status).toBe(200)
    }
  })

  it('runs with its variables and its name', async () => {
    const query = 'query A($by: Int!) { count(by: $by) } query B { open }'
    expect((await post({ query, operationName: 'A', variables: { by: 2 } })).body).toEqual({ data: { count: 3 } })
    expect((await post({ query, operationName: 'B' })).body).toEqual({ data: { open: 'sesame' } })
  })

  it('shows a fault of ours as INTERNAL with the id of the request, and a refusal as it was written', async () => {
    const { body, status } = await post({ query: '{ refused open }' })
    expect(status).toBe(200)
    expect(body.data).toEqual({ refused: null, open: 'sesame' })
    expect(body.errors?.[0]?.extensions.code).toBe('NOT_FOUND')
  })
})

const adaMay = { authorization: 'Bearer profile:read,sessions:read' }

describe('refused before any subgraph is asked', () => {
  const cases: [name: string, body: unknown, headers: Record<string, string>, status: number, code: string][] = [
    ['anonymous, where someone is needed', { query: '{ me { id } }' }, {}, 401, 'UNAUTHENTICATED'],
    ['signed in without the scope', { query: '{ me { email } }' }, { authorization: 'Bearer x' }, 403, 'FORBIDDEN'],
    [
      'a bad credential, though nothing needs one',
      { query: '{ open }' },
      { authorization: 'Bearer bad' },
      401,
      'CREDENTIAL_REJECTED',
    ],
    ['a syntax error', { query: '{ open' }, {}, 400, 'GRAPHQL_PARSE_FAILED'],
    ['an unknown field', { query: '{ nothing }' }, {}, 400, 'GRAPHQL_VALIDATION_FAILED'],
    ['a hidden field', { query: '{ hidden }' }, {}, 400, 'GRAPHQL_VALIDATION_FAILED'],
    ['a missing variable', { query: 'query ($by: Int!) { count(by: $by) }' }, {}, 400, 'BAD_USER_INPUT'],
    [
      'a variable of another type',
      { query: 'query ($by: Int!) { count(by: $by) }', variables: { by: 'x' } },
      {},
      400,
      'BAD_USER_INPUT',
    ],
    [
      'an unknown operation name',
      { query: 'query A { open }', operationName: 'B' },
      {},
      400,
      'OPERATION_RESOLUTION_FAILURE',
    ],
    [
      'two operations and no name',
      { query: 'query A { open } query B { open }' },
      {},
      400,
      'OPERATION_RESOLUTION_FAILURE',
    ],
    ['a batch', [{ query: '{ open }' }], {}, 400, 'BAD_REQUEST'],
    ['no query', { variables: {} }, {}, 400, 'BAD_REQUEST'],
    ['malformed JSON', '{"query":', {}, 400, 'BAD_REQUEST'],
    [
      'a body that is too large',
      { query: '{ open }', variables: { x: 'y'.repeat(300_000) } },
      {},
      400,
      'OPERATION_TOO_COSTLY',
    ],
    ['too many tokens', { query: `{ ${'open '.repeat(2_001)} }` }, {}, 400, 'OPERATION_TOO_COSTLY'],
    ['too long a text', { query: `{ open } #${' '.repeat(65_536)}` }, {}, 400, 'OPERATION_TOO_COSTLY'],
    ['a type for forms', { query: '{ open }' }, { 'content-type': 'text/plain' }, 400, 'BAD_REQUEST'],
    ['a type that is not JSON', { query: '{ open }' }, { 'content-type': 'application/xml' }, 415, 'BAD_REQUEST'],
    ['an encoding we do not read', { query: '{ open }' }, { 'content-encoding': 'br' }, 415, 'BAD_REQUEST'],
    ['an answer in a type we do not write', { query: '{ open }' }, { accept: 'image/png' }, 406, 'BAD_REQUEST'],
    [
      'sign-in twice by aliases',
      { query: 'mutation { a: signIn(email: "a") b: signIn(email: "b") }' },
      {},
      400,
      'OPERATION_TOO_COSTLY',
    ],
    [
      'sign-in and refresh at once',
      { query: 'mutation { signIn(email: "a") refreshSession { __typename } }' },
      {},
      400,
      'OPERATION_TOO_COSTLY',
    ],
  ]
  it.each(cases)('%s', async (_, body, headers, status, code) => {
    const asked = await askedDuring(async () => {
      for (const _again of [1, 2]) {
        const answer = await post(body, headers)
        expect(answer.body.errors?.[0]?.extensions.code).toBe(code)
        expect(answer.status).toBe(status)
        expect(answer.body).not.toHaveProperty('data')
      }
    })
    expect(asked).toBe(0)
  })

  it('says how to authenticate, and when a credential was no good (RFC 6750)', async () => {
    const anonymous = await post({ query: '{ me { id } }' })
    expect(anonymous.headers.get('www-authenticate')).toBe('Bearer')
    const rejected = await post({ query: '{ open }' }, { authorization: 'Bearer bad' })
    expect(rejected.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"')
  })

  it('gives the same status in both media types', async () => {
    const accept = 'application/graphql-response+json'
    const { status, headers } = await post({ query: '{ me { id } }' }, { accept })
    expect(status).toBe(401)
    expect(headers.get('content-type')).toBe(`${accept}; charset=utf-8`)
  })
})

describe('a GET', () => {
  const get = (path: string, headers: Record<string, string> = {}) => raw({ path, headers })
  const preflight = { 'apollo-require-preflight': '1' }

  it('answers queries, and asks for a header that no page can send unasked', async () => {
    expect(await get('/graphql?query={open}', preflight)).toMatchObject({
      status: 200,
      text: '{"data":{"open":"sesame"}}',
    })
    expect(await get('/graphql?query={open}')).toMatchObject({ status: 400 })
  })

  it('runs no mutation', async () => {
    const asked = await askedDuring(async () => {
      const { status, headers } = await get('/graphql?query=mutation{ping}', preflight)
      expect([status, headers.allow]).toEqual([405, 'POST'])
    })
    expect(asked).toBe(0)
  })

  it('shows Sandbox to a browser, with a policy that lets it work, and how to ask without it', async () => {
    const page = await get('/graphql', { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' })
    expect(page.status).toBe(200)
    expect(page.text).toContain('embeddable-sandbox')
    expect(page.text).toContain('curl -s')
    expect(page.headers['content-security-policy']).not.toContain("default-src 'none'")
  })
})

describe('persisted queries', () => {
  it('are registered with their hash and asked by it', async () => {
    const query = '{ open persisted: count }'
    const { createHash } = await import('node:crypto')
    const sha256Hash = createHash('sha256').update(query).digest('hex')
    const extensions = { persistedQuery: { version: 1, sha256Hash } }
    expect((await post({ extensions })).body.errors?.[0]?.extensions.code).toBe('PERSISTED_QUERY_NOT_FOUND')
    expect((await post({ query, extensions })).body).toEqual({ data: { open: 'sesame', persisted: 2 } })
    expect((await post({ extensions })).body).toEqual({ data: { open: 'sesame', persisted: 2 } })
    const wrong = { persistedQuery: { version: 1, sha256Hash: '0'.repeat(64) } }
    expect((await post({ query, extensions: wrong })).body.errors?.[0]?.extensions.code).toBe('BAD_REQUEST')
  })
})

describe('what surrounds GraphQL', () => {
  it('answers to its own names and to no other, so that no page can rebind its name to us', async () => {
    for (const host of ['localhost:4000', '127.0.0.1:1', '[::1]:4000', 'LOCALHOST'])
      expect(await raw({ path: '/health/live', headers: { host } })).toMatchObject({ status: 200 })
    for (const host of ['evil.example', 'evil.example:4000', '127.0.0.1.evil.example', 'localhost.evil.example'])
      expect(await raw({ path: '/health/live', headers: { host } })).toMatchObject({ status: 403 })
  })

  it('refuses other methods, and answers HEAD and OPTIONS', async () => {
    expect(await raw({ method: 'DELETE' })).toMatchObject({
      status: 405,
      headers: { allow: 'GET, HEAD, POST, OPTIONS' },
    })
    expect(await raw({ method: 'OPTIONS' })).toMatchObject({ status: 204 })
    expect(await raw({ method: 'HEAD', path: '/health/live' })).toMatchObject({ status: 200, text: '' })
    expect(await raw({ path: '/elsewhere' })).toMatchObject({ status: 404 })
    expect(await raw({ path: '/graphql/..' })).toMatchObject({ status: 404 })
  })

  it('lets Apollo Studio read answers in development, nobody else, and never with cookies', async () => {
    const studio = await raw({ method: 'OPTIONS', headers: { origin: 'https://studio.apollographql.com' } })
    expect(studio.headers['access-control-allow-origin']).toBe('https://studio.apollographql.com')
    expect(studio.headers).not.toHaveProperty('access-control-allow-credentials')
    const other = await raw({ method: 'OPTIONS', headers: { origin: 'https://evil.example' } })
    expect(other.headers).not.toHaveProperty('access-control-allow-origin')
  })

  it('sends its security headers with every answer', async () => {
    for (const { headers } of [await post({ query: '{ open }' }), await post({ query: '{' })]) {
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('content-security-policy')).toContain("default-src 'none'")
      expect(headers.get('referrer-policy')).toBe('no-referrer')
      expect(headers.has('x-powered-by')).toBe(false)
      expect(headers.get('x-request-id')).toMatch(/^\w{10}-\w+$/)
    }
  })

  it('passes on the device that a client says it is known by, for Sessions to judge, unless it is too long to be one', async () => {
    for (const [sent, passedOn] of [
      ['dev_x.usr_y', 'dev_x.usr_y'],
      ['x'.repeat(257), undefined],
    ]) {
      await post(
        { query: '{ user(id: "usr_ada") { sessions { id } } }' },
        { ...adaMay, 'x-latchkey-device': sent ?? '' },
      )
      expect(estate.asked.at(-1)?.client?.deviceToken).toBe(passedOn)
    }
  })

  it('passes on nothing that a client says of itself: no principal, no user id, no address, no request id', async () => {
    const lies = {
      'latchkey-principal': 'eyJ',
      'x-user-id': 'usr_bob',
      'x-forwarded-for': '6.6.6.6',
      'x-request-id': 'chosen-by-client',
      'user-agent': 'Probe/1',
      'accept-language': 'de',
    }
    await post({ query: '{ user(id: "usr_ada") { sessions { id } } }' }, { ...adaMay, ...lies })
    const [first, second] = estate.asked.slice(-2)
    for (const request of [first, second]) {
      expect(request?.principal).toMatchObject({ kind: 'user', userId: 'usr_ada' })
      expect(request?.client).toEqual({ address: '127.0.0.1', userAgent: 'Probe/1', languages: 'de' })
      expect(JSON.stringify(request)).not.toMatch(/usr_bob|eyJ|6\.6\.6\.6|chosen-by-client/)
    }
  })
})

describe('metrics', () => {
  const metricsOf = async ({ url }: OpenEstate) => {
    const answer = await fetch(`${url}/metrics`)
    return { status: answer.status, text: await answer.text() }
  }

  it('count requests by operation and by what came of them, and callers by what they are', async () => {
    await post({ query: 'query Counted { open }', operationName: 'Counted' })
    await post({ query: 'query Counted { me { id } }', operationName: 'Counted' })
    const { status, text } = await metricsOf(estate)
    expect(status).toBe(200)
    expect(text).toContain('latchkey_requests_total{operation="Counted",outcome="OK"} 1')
    expect(text).toContain('latchkey_requests_total{operation="Counted",outcome="UNAUTHENTICATED"} 1')
    expect(text).toMatch(/latchkey_request_duration_seconds_count\{operation="Counted"\} 2/)
    expect(text).toMatch(/latchkey_callers_total\{caller="anonymous"\} \d+/)
  })

  it('tell operations apart that clients name for a while, and then no more', async () => {
    for (let n = 0; n < 250; n++) await post({ query: `query Name${n} { open }`, operationName: `Name${n}` })
    const { text } = await metricsOf(estate)
    expect(text).toMatch(/latchkey_requests_total\{operation="other",outcome="OK"\} \d+/)
    expect(text).not.toContain('Name249')
  })
})

describe('in production', () => {
  let strict: OpenEstate
  beforeAll(async () => {
    strict = await openEstate({ mode: 'production' })
  })
  afterAll(() => strict.gateway.close())

  it('introspection is for nobody who is not signed in, and messages suggest nothing', async () => {
    const introspection = await post({ query: '{ __schema { queryType { name } } }' }, {}, strict)
    expect(introspection.status).toBe(401)
    expect(introspection.body.errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED')
    const typo = await post({ query: '{ opens }' }, {}, strict)
    expect(typo.body.errors?.[0]?.message).not.toContain('Did you mean')
  })

  it('metrics are not where clients are', async () => {
    expect((await fetch(`${strict.url}/metrics`)).status).toBe(404)
  })

  it('there is no Sandbox, no cross-origin reading, and TLS is demanded', async () => {
    const page = await raw({ headers: { accept: 'text/html' } }, strict)
    expect([page.status, page.text.includes('sandbox')]).toEqual([406, false])
    const studio = await raw({ method: 'OPTIONS', headers: { origin: 'https://studio.apollographql.com' } }, strict)
    expect(studio.headers).not.toHaveProperty('access-control-allow-origin')
    expect((await post({ query: '{ open }' }, {}, strict)).headers.get('strict-transport-security')).toContain(
      'max-age=',
    )
  })
})
