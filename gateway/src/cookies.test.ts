import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OpenEstate, openEstate } from './estate.fixture.ts'

const own = 'http://localhost:4000'
const app = 'https://app.example.org'
const asking = { 'x-latchkey-auth-mode': 'cookie' }
const cookie = { cookie: 'latchkey=profile:read' }
const fromHere = { origin: own, 'sec-fetch-site': 'same-origin' }

const kept = [
  'latchkey=profile:read; Path=/; Max-Age=1800; HttpOnly; SameSite=Lax',
  'latchkey-refresh=ses_ada.1.k.mac; Path=/; Max-Age=7200; HttpOnly; SameSite=Strict',
  'latchkey-device=dev_x; Path=/; Max-Age=15552000; HttpOnly; SameSite=Strict',
]
const cleared = [
  'latchkey=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax',
  'latchkey-refresh=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict',
]

describe.each(['on', 'off'] as const)('cookie mode, with the short lane %s', (shortLane) => {
  let estate: OpenEstate
  beforeAll(async () => {
    estate = await openEstate({ shortLane, origins: [app] })
  })
  afterAll(() => estate.gateway.close())

  async function once(query: string, headers: Record<string, string>) {
    const response = await fetch(`${estate.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query }),
    })
    const { data, errors } = (await response.json()) as { data?: unknown; errors?: { extensions: { code: string } }[] }
    const { status } = response
    return { status, data, code: errors?.[0]?.extensions.code, cookies: response.headers.getSetCookie() }
  }
  /** Apollo Server answers what is seen for the first time, the short lane what was seen before. */
  async function post(query: string, headers: Record<string, string> = {}) {
    const first = await once(query, headers)
    expect(await once(query, headers)).toEqual(first)
    return first
  }

  const shapes: [asked: string, enter: unknown][] = [
    ['enter { ... on SignedIn { accessToken refreshToken } }', { accessToken: '', refreshToken: '' }],
    ['enter { ... on SignedIn { refreshToken: accessToken a: refreshToken } }', { refreshToken: '', a: '' }],
    ['enter { ... on SignedIn { deviceToken } }', { deviceToken: '' }],
    ['enter { ...Deep }', { t: '', user: { id: 'usr_ada' } }],
    ['enter { __typename }', { __typename: 'SignedIn' }],
    ['enter { ... on SignedIn { user { label } } }', { user: { label: 'Ada' } }],
    ['enter { ... on SignInRefused { remedy } }', {}],
    ['enter { ... on SignedIn @skip(if: true) { accessToken } }', {}],
  ]
  const deep = 'fragment Deep on SignInResult { ...Deeper } fragment Deeper on SignedIn { t: accessToken user { id } }'

  it.each(shapes)('keeps the tokens of { %s } from scripts', async (asked, enter) => {
    const query = `mutation { x: ${asked} } ${asked.includes('Deep') ? deep : ''}`
    const answer = await post(query, { ...fromHere, ...asking })
    expect(answer).toMatchObject({ status: 200, data: { x: enter }, cookies: kept })
  })

  it('changes nothing for a client that does not ask', async () => {
    const answer = await post('mutation { enter { ... on SignedIn { accessToken refreshToken } } }')
    expect(answer.cookies).toEqual([])
    expect(answer.data).toEqual({ enter: { accessToken: 'profile:read', refreshToken: 'ses_ada.1.k.mac' } })
  })

  it('gives a script no token that came by a cookie, whether or not it asks for the mode', async () => {
    for (const jar of [cookie, { cookie: 'a=b; latchkey-refresh=ses_ada.1.k.mac' }]) {
      const answer = await post('mutation { enter { ... on SignedIn { accessToken } } }', { ...fromHere, ...jar })
      expect(answer).toMatchObject({ data: { enter: { accessToken: '' } }, cookies: kept })
    }
  })

  it('knows the caller by the cookie, and beside it only by credentials of the same person', async () => {
    const me = { data: { me: { email: 'ada@example.org' } }, cookies: [] }
    const query = '{ me { email } }'
    expect(await post(query, { ...fromHere, ...cookie })).toMatchObject(me)
    expect(await post(query, { ...fromHere, ...cookie, authorization: 'Bearer profile:read' })).toMatchObject(me)
    const bad = await post(query, { ...fromHere, ...cookie, authorization: 'Bearer bad' })
    expect(bad).toMatchObject({ status: 401, code: 'CREDENTIAL_REJECTED' })
  })

  it('takes back a cookie that is refused, and both at the end of the session', async () => {
    const bad = { cookie: 'latchkey=bad' }
    expect(await post('{ open }', { ...fromHere, ...bad })).toMatchObject({ status: 401, cookies: cleared.slice(0, 1) })
    const twice = { cookie: 'latchkey=profile:read; latchkey=profile:write' }
    expect(await post('{ open }', { ...fromHere, ...twice })).toMatchObject({ code: 'CREDENTIAL_REJECTED' })
    const leave = await post('mutation { bye: leave { id: sessionId } }', { ...fromHere, ...cookie })
    expect(leave).toMatchObject({ data: { bye: { id: 'ses_ada' } }, cookies: cleared })
    const refused = await post('mutation { refreshSession { __typename } }', { ...fromHere, ...cookie })
    expect(refused.cookies).toEqual(cleared)
    const bearer = await post('mutation { leave { sessionId } }', { authorization: 'Bearer profile:read' })
    expect(bearer.cookies).toEqual([])
  })

  it('takes back no good cookie for what came beside it: a bad bearer token, or one of somebody else', async () => {
    for (const authorization of ['Bearer bad', 'Bearer bob'])
      expect(await post('{ open }', { ...fromHere, ...cookie, authorization })).toMatchObject({
        ...{ status: 401, code: 'CREDENTIAL_REJECTED', cookies: [] },
      })
  })

  const pages: [name: string, headers: Record<string, string>, verdict: 'taken' | 'refused'][] = [
    ['of ours', fromHere, 'taken'],
    ['of ours, by its origin alone', { origin: own }, 'taken'],
    ['of an origin that is named', { origin: app, 'sec-fetch-site': 'same-site' }, 'taken'],
    ['of nowhere: the person typed it', { 'sec-fetch-site': 'none' }, 'taken'],
    ['of another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }, 'refused'],
    [
      'of a sibling that is not named',
      { origin: 'https://other.example.org', 'sec-fetch-site': 'same-site' },
      'refused',
    ],
    ['of an origin that begins like ours', { origin: 'http://localhost:40000' }, 'refused'],
    ['of no origin', { origin: 'null', 'sec-fetch-site': 'cross-site' }, 'refused'],
    ['of another site, without an origin', { 'sec-fetch-site': 'cross-site' }, 'refused'],
    ['of which nothing is said', {}, 'refused'],
  ]
  it.each(pages)('from a page %s is judged before anything is asked', async (_, headers, verdict) => {
    for (const mode of [cookie, asking, { cookie: 'latchkey-refresh=x' }]) {
      const before = estate.asked.length
      const answer = await once('mutation { enter { __typename } }', { ...headers, ...mode })
      expect(answer.status).toBe(verdict === 'taken' ? 200 : 403)
      if (verdict === 'refused') expect([answer.code, answer.cookies]).toEqual(['FORBIDDEN', []])
      expect(estate.asked.length - before).toBe(verdict === 'taken' ? 1 : 0)
    }
    expect(await once('{ open }', headers)).toMatchObject({ status: 200 })
  })

  it('lets the pages of a named origin send cookies and read answers, and nobody else’s', async () => {
    const allowed = 'access-control-allow-credentials'
    for (const method of ['OPTIONS', 'POST'])
      for (const [origin, value] of [
        [app, 'true'],
        ['https://evil.example', null],
      ] as const) {
        const headers = { origin, 'content-type': 'application/json' }
        const body = method === 'POST' ? { body: JSON.stringify({ query: '{ open }' }) } : {}
        const response = await fetch(`${estate.url}/graphql`, { method, headers, ...body })
        expect(response.headers.get(allowed)).toBe(value)
        expect(response.headers.get('access-control-allow-origin')).toBe(value && origin)
      }
  })

  it('hands on the tokens that came by cookies, and of a device the one that was named', async () => {
    const jar = { cookie: 'latchkey-refresh=ses_ada.1.k.mac; latchkey-device=dev_cookie' }
    const clientAfter = async (headers: Record<string, string>) => {
      await once('mutation { refreshSession { __typename } }', { ...fromHere, ...headers })
      return estate.asked.at(-1)?.client
    }
    const refreshToken = 'ses_ada.1.k.mac'
    expect(await clientAfter(jar)).toMatchObject({ refreshToken, deviceToken: 'dev_cookie' })
    expect(await clientAfter({ ...jar, 'x-latchkey-device': 'dev_header' })).toMatchObject({
      deviceToken: 'dev_header',
    })
    const known = { address: '127.0.0.1', userAgent: 'node', languages: '*' }
    expect(await clientAfter({ cookie: 'latchkey-device=dev_cookie' })).toEqual(known)
    await once('{ open }', { ...fromHere, ...jar })
    expect(estate.asked.at(-1)?.client).toEqual(known)
  })

  it('knows no other mode, and makes no change by GET', async () => {
    expect(await post('{ open }', { ...fromHere, 'x-latchkey-auth-mode': 'token' })).toMatchObject({ status: 400 })
    const headers = { ...fromHere, ...cookie, 'apollo-require-preflight': '1' }
    const path = `${estate.url}/graphql?query=${encodeURIComponent('mutation { leave { sessionId } }')}`
    const response = await fetch(path, { headers })
    expect([response.status, response.headers.getSetCookie()]).toEqual([405, []])
  })
})

it('takes the prefix and TLS for granted everywhere but on plain HTTP in development', async () => {
  for (const overrides of [{ publicUrl: 'https://id.example.org' }, { mode: 'production' }] as const) {
    const { url, gateway } = await openEstate(overrides)
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { host: 'localhost', 'content-type': 'application/json', 'sec-fetch-site': 'same-origin', ...asking },
      body: JSON.stringify({ query: 'mutation { enter { __typename } }' }),
    })
    expect(response.headers.getSetCookie()).toEqual(kept.map((text) => `__Host-${text}; Secure`))
    await gateway.close()
  }
})
