import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import { json } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEstate, type OpenEstate, openEstate } from '../estate.fixture.ts'
import { createFlood } from './flood.fixture.ts'

const flooded = '{ open count }'
const me = '{ me { id } }'
const signIn = 'mutation { signIn(email: "a") }'
const revoke = 'mutation { revokeSession(id: "ses_1") }'
let estate: OpenEstate
let release = () => {}

const post = (query: string, headers: Readonly<Record<string, string>> = {}) =>
  fetch(`${estate.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  })

const wave = { path: '/graphql', body: { query: flooded } }
const flood = createFlood(() => estate.url)
const untilRefused = <Answer extends { readonly status: number | undefined }>(ask: () => Promise<Answer>) =>
  flood.untilRefused(wave, ask)

beforeAll(async () => {
  const { transports } = createEstate()
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  let holds = false
  estate = await openEstate({
    overload: 'shed',
    transports: {
      ...transports,
      async people(request) {
        if (holds && request.query.includes('count')) await released
        return transports.people?.(request) ?? { data: null }
      },
    },
  })
  for (const query of [flooded, '{ open }', me, signIn, revoke]) await post(query)
  holds = true
  flood.send(wave, 2_000)
  await untilRefused(() => post('{ open }'))
})
afterAll(async () => {
  release()
  flood.end()
  await estate.gateway.close()
})

it('is refused with 503, the code and when to come again, in words that are always the same', async () => {
  const answer = await untilRefused(() => post('{ open }'))
  expect(answer.headers.get('retry-after')).toBe('1')
  expect(answer.headers.get('cache-control')).toBe('no-store')
  expect(await answer.json()).toEqual({
    errors: [{ message: 'Not available just now.', extensions: { code: 'UNAVAILABLE', retryAfterMs: 1_000 } }],
  })
})

it.each([
  ['the name of another operation', { 'x-apollo-operation-name': 'signIn' }],
  ['a good credential', { authorization: 'Bearer profile:read' }],
  ['a bad one, which nobody has looked at', { authorization: 'Bearer bad' }],
  ['an address of its own', { 'x-forwarded-for': '198.51.100.7', forwarded: 'for=198.51.100.7' }],
  ['a wish for events', { accept: 'text/event-stream' }],
  ['priority', { priority: 'u=0', 'x-priority': 'high', 'x-latchkey-rank': 'ending' }],
])('is not passed with %s', async (_what, headers) => {
  expect(await untilRefused(() => post('{ open }', headers))).toMatchObject({ status: 503 })
})

it('is not passed by GET, by an operation beside me, by what was never seen, or by a body that is none', async () => {
  const byGet = () => fetch(`${estate.url}/graphql?query={open}`, { headers: { 'apollo-require-preflight': 'yes' } })
  const texts = ['{ me { id } open }', '{ me { label } open }', 'query Me { open }']
  for (const ask of [...texts.map((text) => () => post(text)), byGet])
    expect(await untilRefused(ask)).toMatchObject({ status: 503 })
})

it('is passed by whoever asks for themselves, signs in or revokes', async () => {
  const ada = { authorization: 'Bearer profile:read' }
  expect(await (await post(me, ada)).json()).toEqual({ data: { me: { id: 'usr_ada' } } })
  expect((await post(signIn)).status).toBe(200)
  expect(await (await post(revoke, ada)).json()).toEqual({ data: { revokeSession: 'ses_1' } })
})

describe('a connection on which somebody was refused', () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  afterAll(() => agent.destroy())

  interface Answered {
    readonly status: number | undefined
    readonly port: number | undefined
  }

  async function readWhole(answer: IncomingMessage): Promise<Answered> {
    const { statusCode: status, socket } = answer
    const port = socket.localPort
    await json(answer)
    return { status, port }
  }

  /** By one connection, one after the other. */
  const askBy = (query: string, path = '/graphql') =>
    new Promise<Answered>((resolve, reject) => {
      const headers = { 'content-type': 'application/json' }
      const method = query ? 'POST' : 'GET'
      httpRequest(`${estate.url}${path}`, { method, agent, headers }, (answer) => resolve(readWhole(answer)))
        .on('error', reject)
        .end(query && JSON.stringify({ query }))
    })

  it('is read again, and then serves as before whoever is let in, and whoever asks for no operation', async () => {
    const { port } = await untilRefused(() => askBy('{ open }'))
    expect(await askBy(signIn)).toEqual({ status: 200, port })
    expect(await askBy('', '/health/live')).toEqual({ status: 200, port })
  })
})

it('is over when those are answered who came first', async () => {
  release()
  await expect.poll(async () => (await post('{ open }')).status).toBe(200)
})
