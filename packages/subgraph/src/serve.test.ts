import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { createLogger } from '@latchkey/telemetry'
import { afterEach, describe, expect, it } from 'vitest'
import { createNotes, type Notes } from './notes.fixture.ts'
import type { ServeOptions } from './serve.ts'
import { aGateway, type ServedNotes, serveNotes } from './served.fixture.ts'

const running: ServedNotes[] = []
const serve = async (options: Partial<ServeOptions> = {}, notes: Notes = createNotes()) => {
  const served = await serveNotes(notes, options)
  running.push(served)
  return served
}
afterEach(async () => {
  await Promise.all(running.splice(0).map(({ close }) => close()))
})

interface Post {
  readonly body?: string
  readonly headers?: Record<string, string>
  readonly path?: string
  readonly method?: string
}

async function post({ url, seal }: ServedNotes, { body, headers = {}, path = '/graphql', method = 'POST' }: Post = {}) {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { 'content-type': 'application/json', 'latchkey-principal': await seal(), ...headers },
    ...(method === 'POST' && { body: body ?? '{"query":"{ hello }"}' }),
  })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

/** Writes bytes as they are and gives all that comes back until the server hangs up. */
async function raw({ url }: ServedNotes, ...parts: string[]): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname).setEncoding('utf8')
  await once(socket, 'connect')
  let answer = ''
  socket.on('data', (text) => (answer += text))
  socket.on('error', () => undefined)
  for (const part of parts) socket.write(part)
  await once(socket, 'close')
  return answer
}

describe('a served subgraph', () => {
  it('answers an operation that comes with a sealed principal', async () => {
    const answer = await post(await serve(), {
      body: '{"query":"query ($id: ID!) { note(id: $id) { title } }","variables":{"id":"n1"}}',
    })
    expect(answer).toMatchObject({ status: 200, text: '{"data":{"note":{"title":"title n1"}}}' })
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(answer.headers.get('cache-control')).toBe('no-store')
  })

  it.each([
    ['an operation', '{"query":"{ hello }"}'],
    ['_service', '{"query":"{ _service { sdl } }"}'],
    ['_entities', '{"query":"{ _entities(representations: []) { __typename } }"}'],
    ['introspection', '{"query":"{ __schema { types { name } } }"}'],
    ['garbage', '{{{'],
    ['nothing', ''],
  ])('answers 401 and nothing else to %s without a principal of its own', async (_what, body) => {
    const served = await serve()
    const stranger = aGateway('stranger')
    const tokens = [
      '',
      'x',
      await stranger.seal(),
      await served.gateway.sealFor('users'),
      `${await served.seal()}x`,
      'null',
    ]
    for (const token of tokens) {
      const answer = await post(served, { body, headers: { 'latchkey-principal': token } })
      expect([answer.status, answer.text, answer.headers.get('content-type')]).toEqual([401, '', null])
    }
  })

  it('answers 401 to a stranger whatever the method, and 405 to a friend', async () => {
    const served = await serve()
    expect((await post(served, { method: 'GET', headers: { 'latchkey-principal': '' } })).status).toBe(401)
    expect((await post(served, { method: 'GET' })).status).toBe(405)
  })

  it('lets nobody in when opening fails for another reason', async () => {
    const served = await serve({ open: () => Promise.reject(new TypeError('broken')) })
    expect(await post(served)).toMatchObject({ status: 401, text: '' })
  })

  it.each([
    ['no JSON', '{"query":'],
    ['a list', '[{"query":"{ hello }"}]'],
    ['null', 'null'],
    ['no query', '{}'],
    ['a query that is no text', '{"query":1}'],
    ['variables that are a list', '{"query":"{ hello }","variables":[]}'],
    ['a name that is no text', '{"query":"{ hello }","operationName":{}}'],
  ])('answers 400 to %s, and the next request as ever', async (_what, body) => {
    const served = await serve()
    const answer = await post(served, { body })
    expect([answer.status, JSON.parse(answer.text).errors[0].extensions.code]).toEqual([400, 'BAD_USER_INPUT'])
    expect((await post(served)).status).toBe(200)
  })

  it('takes JSON only, and only as it is', async () => {
    const served = await serve()
    expect((await post(served, { headers: { 'content-type': 'text/plain' } })).status).toBe(415)
    expect((await post(served, { headers: { 'content-encoding': 'gzip' } })).status).toBe(415)
    expect((await post(served, { headers: { 'content-type': 'application/json; charset=utf-8' } })).status).toBe(200)
  })

  it('refuses a body that says it is too large, and one that turns out to be', async () => {
    const served = await serve({ bodyBytesMax: 100 })
    const head = `POST /graphql HTTP/1.1\r\nhost: x\r\nlatchkey-principal: ${await served.seal()}\r\ncontent-type: application/json\r\n`
    expect(await raw(served, `${head}content-length: 1000000000\r\n\r\n`)).toMatch(/^HTTP\/1.1 413 /)
    const chunk = `40\r\n${'x'.repeat(64)}\r\n`
    expect(await raw(served, `${head}transfer-encoding: chunked\r\n\r\n`, chunk, chunk, chunk)).toMatch(
      /^HTTP\/1.1 413 /,
    )
  })

  it('does not wait for ever for a body that does not come', async () => {
    const served = await serve({ requestTimeoutMs: 50 })
    const head = `POST /graphql HTTP/1.1\r\nhost: x\r\nlatchkey-principal: ${await served.seal()}\r\ncontent-type: application/json\r\n`
    expect(await raw(served, `${head}content-length: 90\r\n\r\n{"query"`)).toMatch(/^HTTP\/1.1 408 /)
  })

  it('survives what is not HTTP, and a caller who leaves in the middle', async () => {
    const served = await serve()
    expect(await raw(served, 'hello\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /)
    const { hostname, port } = new URL(served.url)
    const socket = connect(Number(port), hostname)
    await once(socket, 'connect')
    socket.write(
      `POST /graphql HTTP/1.1\r\nhost: x\r\nlatchkey-principal: ${await served.seal()}\r\ncontent-type: application/json\r\ncontent-length: 90\r\n\r\n{`,
    )
    socket.destroy()
    expect((await post(served)).status).toBe(200)
  })

  it('says whether it lives and whether it is ready', async () => {
    let ready: () => Promise<boolean> = async () => true
    const served = await serve({ ready: () => ready() })
    const status = async (path: string) => (await fetch(`${served.url}${path}`)).status
    expect([await status('/health/live'), await status('/health/ready')]).toEqual([200, 200])
    ready = async () => false
    expect([await status('/health/live'), await status('/health/ready')]).toEqual([200, 503])
    ready = () => Promise.reject(new Error('no database'))
    expect(await status('/health/ready')).toBe(503)
  })

  it('answers the routes it was given, and 404 for the rest', async () => {
    const served = await serve({
      routes: {
        '/open': (_request, response) => void response.end('open'),
        '/fails': () => {
          throw new Error('hunter2')
        },
      },
    })
    expect(await (await fetch(`${served.url}/open?x=1`)).text()).toBe('open')
    expect(await (await fetch(`${served.url}/fails`)).text()).toContain('INTERNAL')
    for (const path of ['/', '/graphql/', '/toString', '//graphql', '/%'])
      expect((await fetch(`${served.url}${path}`)).status).toBe(404)
  })

  it('writes the caller’s request id into its log when it is fit for it, else one of its own', async () => {
    const lines: string[] = []
    const logger = createLogger({
      level: 'debug',
      service: 'notes',
      destination: { write: (line) => void lines.push(line) },
    })
    const served = await serve({}, createNotes({ logger }))
    const body = '{"query":"{ fails(how: \\"error\\") }"}'
    const given = await post(served, { body, headers: { 'x-request-id': 'req_1.A-z' } })
    expect([given.headers.get('x-request-id'), JSON.parse(lines.at(-1) ?? '').requestId]).toEqual([
      'req_1.A-z',
      'req_1.A-z',
    ])
    for (const unfit of ['a b', 'x'.repeat(65), '{"level":"fatal"}']) {
      const answer = await post(served, { body, headers: { 'x-request-id': unfit } })
      expect(answer.headers.get('x-request-id')).toMatch(/^req_\w{22}$/)
    }
  })

  it('says so when its port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    await expect(serve({ port: (other.address() as AddressInfo).port })).rejects.toThrow('EADDRINUSE')
    other.close()
  })

  it('finishes what it has begun when it closes, and takes nothing new', async () => {
    const notes = createNotes()
    const served = await serveNotes(notes, {})
    await post(served)
    const begun = post(served, { body: '{"query":"{ waits }"}' })
    const release = await notes.waiting()
    let closed = false
    const closing = served.close().then(() => (closed = true))
    await expect(fetch(`${served.url}/health/live`)).rejects.toThrow()
    expect(closed).toBe(false)
    release()
    expect((await begun).text).toBe('{"data":{"waits":"done"}}')
    await closing
  })

  it('serves on while it drains, says so, and keeps no connection', async () => {
    const served = await serveNotes(createNotes(), { drainMs: 150 })
    const get = async (path: string) => fetch(`${served.url}${path}`)
    const closing = served.close()
    expect((await get('/health/ready')).status).toBe(503)
    expect(await (await get('/health/serving')).json()).toEqual({ status: 'draining' })
    expect((await get('/health/live')).status).toBe(200)
    const answer = await post(served)
    expect([answer.status, answer.headers.get('connection')]).toEqual([200, 'close'])
    await closing
    await expect(get('/health/live')).rejects.toThrow()
  })

  it('tells which part is not ready to who brings the token alone', async () => {
    const ready = async () => ({ status: 'degraded', parts: { redis: 'degraded' } }) as const
    const served = await serve({ ready, healthToken: 'a token of some length' })
    const told = async (headers: Record<string, string>) =>
      (await fetch(`${served.url}/health/ready`, { headers })).json()
    expect(await told({})).toEqual({ status: 'degraded' })
    expect(await told({ authorization: 'Bearer a token of some length' })).toEqual(await ready())
  })

  it('does not wait longer than its grace', async () => {
    const notes = createNotes()
    const served = await serveNotes(notes, { graceMs: 20 })
    const begun = post(served, { body: '{"query":"{ waits }"}' }).catch(() => 'cut off')
    const release = await notes.waiting()
    await served.close()
    expect(await begun).toBe('cut off')
    release()
  })
})

describe('a served subgraph that works on as much as it may', () => {
  const hello = { body: '{"query":"{ hello }"}' }
  const write = { body: '{"query":"mutation { write(title: \\"t\\") { id } }"}' }

  it('takes no more questions, and says that nothing was done with them; it takes changes, and questions after it', async () => {
    const notes = createNotes()
    const served = await serve({ atOnceMax: 2 }, notes)
    const first = post(served, { body: '{"query":"{ waits }"}' })
    const release = await notes.waiting()
    const answer = await post(served, hello)
    expect(answer).toMatchObject({
      status: 503,
      text: '{"errors":[{"message":"Not available just now.","extensions":{"code":"UNAVAILABLE","retryAfterMs":1000}}]}',
    })
    expect([answer.headers.get('latchkey-not-taken'), answer.headers.get('retry-after')]).toEqual(['full', '1'])
    expect((await post(served, write)).status).toBe(200)
    expect((await fetch(`${served.url}/health/live`)).status).toBe(200)
    expect((await post(served, { ...hello, headers: { 'latchkey-principal': 'x' } })).status).toBe(401)
    release()
    expect((await first).status).toBe(200)
    for (let times = 0; times < 5; times += 1) expect((await post(served, hello)).status).toBe(200)
  })

  it('takes exactly so many of those that come at once', async () => {
    const served = await serve({ atOnceMax: 10, graceMs: 0 })
    const statuses: number[] = []
    for (let times = 0; times < 25; times += 1)
      post(served, { body: '{"query":"{ waits }"}' }).then(
        ({ status }) => statuses.push(status),
        () => {}, // Nobody lets them go on: they are cut off at the end.
      )
    await expect.poll(() => statuses.length).toBe(25 - 9)
    expect((await post(served, hello)).status).toBe(503)
    expect(new Set(statuses)).toEqual(new Set([503]))
    expect(statuses).toHaveLength(25 - 9)
  })
})
