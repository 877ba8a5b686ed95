import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { json } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEstate, type OpenEstate, openEstate } from '../estate.fixture.ts'

const flooded = '{ open count }'
let estate: OpenEstate
const sockets: Socket[] = []
let release = () => {}

const post = (query: string, headers: Readonly<Record<string, string>> = {}) =>
  fetch(`${estate.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  })

/** By one connection, all of them at once; nobody is answered before they are released. */
function flood(count: number): void {
  const body = JSON.stringify({ query: flooded })
  const head = `POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}`
  const socket = connect(Number(new URL(estate.url).port), '127.0.0.1')
  sockets.push(socket)
  socket
    .on('error', () => {})
    .resume()
    .write(`${head}\r\n\r\n${body}`.repeat(count))
}

/** Asks until it is refused, while others take whatever room there is: a machine that is busy has less, and has it again when it rests. */
async function untilRefused<Answer extends { readonly status: number | undefined }>(
  ask: () => Promise<Answer>,
): Promise<Answer> {
  for (;;) {
    flood(50)
    const answer = await ask()
    if (answer.status === 503) return answer
    await pause(20)
  }
}

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
  for (const query of [flooded, '{ open }', '{ me { id } }', 'mutation { signIn(email: "a") }']) await post(query)
  holds = true
  flood(2_000)
  await untilRefused(() => post('{ open }'))
})
afterAll(async () => {
  release()
  for (const socket of sockets) socket.destroy()
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

it('is passed by whoever asks for themselves or signs in', async () => {
  const me = await post('{ me { id } }', { authorization: 'Bearer profile:read' })
  expect(await me.json()).toEqual({ data: { me: { id: 'usr_ada' } } })
  expect((await post('mutation { signIn(email: "a") }')).status).toBe(200)
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
    expect(await askBy('mutation { signIn(email: "a") }')).toEqual({ status: 200, port })
    expect(await askBy('', '/health/live')).toEqual({ status: 200, port })
  })
})

it('is over when those are answered who came first', async () => {
  release()
  await expect.poll(async () => (await post('{ open }')).status).toBe(200)
})
