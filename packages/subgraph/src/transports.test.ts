import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createNetServer } from 'node:net'
import { anonymous, type Principal } from '@latchkey/principal'
import { anApiKey, aService, aUser } from '@latchkey/principal/testing'
import { Problem } from '@latchkey/problem'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { clientOf } from './client-header.ts'
import { inProcessTransport } from './in-process.ts'
import { createNotes } from './notes.fixture.ts'
import { type HttpTransportOptions, httpTransport } from './over-http.ts'
import { notTakenHeader } from './replicas/not-taken.ts'
import { serveNotes } from './served.fixture.ts'
import type { SubgraphTransport } from './transport.ts'

const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

const transportTo = (options: Omit<HttpTransportOptions, 'subgraph'>) => {
  const transport = httpTransport({ subgraph: 'notes', ...options })
  endings.push(() => transport.close())
  return transport
}

const asking = (
  transport: SubgraphTransport,
  query = '{ hello }',
  principal: Principal = aUser(),
  signal?: AbortSignal,
) => transport({ query, variables: {}, principal, requestId: 'req_1', signal })

const refusal = (answer: Promise<unknown>) =>
  answer.then(
    () => 'answered',
    (thrown: unknown) => (thrown instanceof Problem ? `${thrown.code} ${thrown.detail}` : thrown),
  )

async function servedNotes() {
  const served = await serveNotes(createNotes(), {})
  endings.push(() => served.close())
  return { url: `${served.url}/graphql`, seal: served.seal, served }
}

/** A server of any manners. */
async function serverThat(answers: RequestListener) {
  const server = createServer(answers).listen(0, '127.0.0.1')
  await once(server, 'listening')
  endings.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`
}

/** An address at which nobody listens. */
async function nobody() {
  const server = createNetServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return `http://127.0.0.1:${port}/graphql`
}

describe('both transports', () => {
  const queries = [
    '{ hello notes { id title writtenAt } }',
    '{ note(id: "n1") { body related { id } broken } }',
    '{ note(id: "n2") { title } mine }',
    '{ fails(how: "problem") b: fails(how: "error") c: fails(how: "unavailable") }',
    '{ found { __typename ... on Note { id } } }',
    'mutation { write(title: "t") { id } }',
    '{ _service { sdl } }',
    '{ nope }',
    '{',
  ]
  it.each(queries)('give the same answer to %s, whoever asks', async (query) => {
    const { url, seal } = await servedNotes()
    const overHttp = transportTo({ urls: [url], seal })
    const inProcess = inProcessTransport(createNotes().subgraph)
    for (const principal of [
      anonymous,
      aUser({ scopes: ['notes:read', 'notes:write'] }),
      anApiKey(),
      aService('gateway'),
    ])
      for (let times = 0; times < 3; times += 1) {
        const [one, other] = [await asking(inProcess, query, principal), await asking(overHttp, query, principal)]
        expect(JSON.parse(JSON.stringify(one))).toEqual(other)
      }
  })
})

describe('over HTTP', () => {
  it('a request that brings no principal is UNAVAILABLE, for it is our fault and not the caller’s', async () => {
    const { url } = await servedNotes()
    expect(await refusal(asking(transportTo({ urls: [url] })))).toBe(
      'UNAVAILABLE notes: status 401 without a GraphQL answer',
    )
  })

  it('sends the request id and, without a sealer, no principal', async () => {
    let seen: Record<string, unknown> = {}
    const url = await serverThat(({ headers }, response) => {
      seen = headers
      response.end('{"data":{}}')
    })
    await asking(transportTo({ urls: [url] }))
    expect(seen).toMatchObject({ 'x-request-id': 'req_1', 'content-type': 'application/json' })
    expect(seen).not.toHaveProperty('latchkey-principal')
  })

  it('tells the tokens that a client sent to the one subgraph that judges it, and to no other', async () => {
    const seen: (object | undefined)[] = []
    const url = await serverThat(({ headers }, response) => {
      seen.push(clientOf(headers))
      response.end('{"data":{}}')
    })
    const everybodys = { address: '192.0.2.7', userAgent: 'Firefox', languages: 'de' }
    const client = { ...everybodys, deviceToken: 'dev_x', refreshToken: 'ses_x' }
    for (const transport of [transportTo({ urls: [url] }), transportTo({ urls: [url], tokens: 'passed on' })])
      await transport({ query: '{ hello }', variables: {}, principal: anonymous, requestId: 'req_1', client })
    expect(seen).toEqual([everybodys, client])
  })

  it.each([
    ['is not JSON', 200, 'oops'],
    ['is a list', 200, '[]'],
    ['has neither data nor errors', 200, '{}'],
    ['has data that is a list', 200, '{"data":[]}'],
    ['has errors that are a text', 200, '{"data":{},"errors":"no"}'],
    ['has an error without a message', 200, '{"errors":[{}]}'],
    ['has null for data and no error', 200, '{"data":null}'],
    ['is an error page', 502, '<html>'],
  ])('an answer that %s is UNAVAILABLE', async (_what, status, text) => {
    const url = await serverThat((_request, response) => void response.writeHead(status).end(text))
    expect(await refusal(asking(transportTo({ urls: [url] })))).toBe(
      `UNAVAILABLE notes: status ${status} without a GraphQL answer`,
    )
  })

  it('a GraphQL answer counts whatever its status', async () => {
    const text = '{"errors":[{"message":"no"}]}'
    const url = await serverThat((_request, response) => void response.writeHead(400).end(text))
    expect(await asking(transportTo({ urls: [url] }))).toEqual(JSON.parse(text))
  })

  it.each<[string, RequestListener]>([
    ['never answers', () => undefined],
    ['sends its headers and no more', (_request, response) => response.writeHead(200).flushHeaders()],
    [
      'stops in the middle',
      (_request, response) => void response.writeHead(200, { 'content-length': 99 }).write('{"data"'),
    ],
  ])('a subgraph that %s is UNAVAILABLE when time is up', async (_what, answers) => {
    const transport = transportTo({ urls: [await serverThat(answers)], timeoutMs: 100 })
    expect(await refusal(asking(transport))).toMatch(/^UNAVAILABLE notes: /)
  })

  it('a frozen subgraph keeps nobody waiting, however many ask, and is asked again when it wakes', async () => {
    let isFrozen = true
    const url = await serverThat((_request, response) => {
      if (!isFrozen) response.end('{"data":{}}')
    })
    const transport = transportTo({ urls: [url], timeoutMs: 200, patienceMs: 100 })
    const answers = await Promise.all(Array.from({ length: 400 }, () => refusal(asking(transport))))
    for (const answer of answers)
      expect(answer).toMatch(/^UNAVAILABLE notes: (no answer within 200 ms|it gives no sign of life)$/)
    isFrozen = false
    expect(await vi.waitFor(() => asking(transport), { timeout: 60_000 })).toEqual({ data: {} })
  })

  it('an answer without end is cut off', async () => {
    const url = await serverThat((_request, response) => {
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(1_000_000)));
      }
      response.on('drain', more)
      more()
    })
    expect(await refusal(asking(transportTo({ urls: [url] })))).toMatch(/^UNAVAILABLE notes: /)
  })

  /** A replica that takes the request and ends the connection, and another that answers. */
  async function oneThatHangsUp() {
    const seen = { hungUp: 0, answered: 0 }
    const hangsUp = await serverThat(({ socket }) => {
      seen.hungUp += 1
      socket.destroy()
    })
    const answers = await serverThat((_request, response) => {
      seen.answered += 1
      response.end('{"data":{}}')
    })
    return { seen, urls: [hangsUp, answers] }
  }

  it('a change that a replica hangs up on is UNAVAILABLE, and is asked once only: it may have been made', async () => {
    const { seen, urls } = await oneThatHangsUp()
    const transport = transportTo({ urls })
    const change = () => refusal(asking(transport, 'mutation { write(title: "t") { id } }'))
    while (seen.hungUp === 0) await change()
    const { hungUp, answered } = seen
    await change()
    expect(seen.hungUp + seen.answered).toBe(hungUp + answered + 1)
  })

  it('a question that a replica hangs up on is asked of another', async () => {
    const { seen, urls } = await oneThatHangsUp()
    const transport = transportTo({ urls })
    while (seen.hungUp < 2) expect(await asking(transport)).toEqual({ data: {} })
  })

  it('a tenth of the questions is asked again, and no more: who hangs up on everybody is not asked twice as much', async () => {
    let asked = 0
    const url = await serverThat(({ socket }) => {
      asked += 1
      socket.destroy()
    })
    const transport = transportTo({ urls: [url] })
    for (let times = 0; times < 19; times += 1) expect(await refusal(asking(transport))).toMatch(/^UNAVAILABLE notes: /)
    expect(asked).toBe(19 + 11)
  })

  it('a subgraph that has failed twenty in a row is left alone for a moment, and asked again after it', async () => {
    const seen = { asked: 0, hangsUp: true }
    const url = await serverThat(({ socket }, response) => {
      seen.asked += 1
      if (seen.hangsUp) socket.destroy()
      else response.end('{"data":{}}')
    })
    const transport = transportTo({ urls: [url] })
    const change = () => asking(transport, 'mutation { write(title: "t") { id } }')
    for (let times = 0; times < 20; times += 1) await refusal(change())
    expect(await refusal(change())).toBe('UNAVAILABLE notes: nobody there has answered lately')
    expect(seen.asked).toBe(20)
    seen.hangsUp = false
    expect(await vi.waitFor(change, { timeout: 60_000 })).toEqual({ data: {} })
  })

  it('a replica that says it closes the connection is left to finish, and another is asked', async () => {
    const asked: string[] = []
    const named = (name: string, headers: Record<string, string>) =>
      serverThat((_request, response) => {
        asked.push(name)
        response.writeHead(200, headers).end('{"data":{}}')
      })
    const transport = transportTo({ urls: [await named('leaves', { connection: 'close' }), await named('stays', {})] })
    while (!asked.includes('leaves')) await asking(transport)
    asked.splice(0)
    for (let times = 0; times < 30; times += 1) await asking(transport)
    expect(new Set(asked)).toEqual(new Set(['stays']))
  })

  it('a change that a replica has not taken, for it waits for its stores, is asked of another', async () => {
    const asked: string[] = []
    const named = (name: string, status: number, headers: Record<string, string>) =>
      serverThat((_request, response) => {
        asked.push(name)
        response.writeHead(status, headers).end('{"data":{}}')
      })
    const waits = await named('waits', 503, { [notTakenHeader]: 'waiting' })
    const transport = transportTo({ urls: [waits, await named('takes', 200, {})] })
    while (!asked.includes('waits'))
      expect(await asking(transport, 'mutation { write(title: "t") { id } }')).toEqual({ data: {} })
    const alone = transportTo({ urls: [waits] })
    expect(await refusal(asking(alone))).toBe('UNAVAILABLE notes: it is not taken yet')
  })

  it('what a replica does not take, for it has as much to do as it can, is asked of another', async () => {
    const asked: string[] = []
    const named = (name: string, status: number, headers: Record<string, string>) =>
      serverThat((_request, response) => {
        asked.push(name)
        response.writeHead(status, headers).end('{"data":{}}')
      })
    const full = await named('full', 503, { [notTakenHeader]: 'full' })
    const transport = transportTo({ urls: [full, await named('takes', 200, {})] })
    for (const query of ['{ hello }', 'mutation { write(title: "t") { id } }'])
      for (let times = 0; times < 5; times += 1) expect(await asking(transport, query)).toEqual({ data: {} })
    expect(asked).toContain('full')
  })

  it('where all are full it is UNAVAILABLE, with when to come again; they are not left alone for it, nor asked much more often', async () => {
    let asked = 0
    const fullOnes = Array.from({ length: 2 }, () =>
      serverThat((_request, response) => {
        asked += 1
        response.writeHead(503, { [notTakenHeader]: 'full' }).end()
      }),
    )
    const transport = transportTo({ urls: await Promise.all(fullOnes) })
    for (let times = 0; times < 100; times += 1)
      await expect(asking(transport)).rejects.toMatchObject({
        ...{ code: 'UNAVAILABLE', detail: 'notes: it works on as much as it can' },
        extensions: { code: 'UNAVAILABLE', retryAfterMs: 1_000 },
      })
    expect(asked).toBeGreaterThanOrEqual(100)
    expect(asked).toBeLessThanOrEqual(100 + 10 + 10)
  })

  it('a replica that is not there is passed over, each time it is its turn', async () => {
    const { url, seal } = await servedNotes()
    const transport = transportTo({ urls: [await nobody(), url], seal })
    for (let times = 0; times < 4; times += 1) expect((await asking(transport)).data).toEqual({ hello: 'hello world' })
  })

  it('replicas that all are gone are UNAVAILABLE at once', async () => {
    const transport = transportTo({ urls: [await nobody(), await nobody()] })
    expect(await refusal(asking(transport))).toMatch(/^UNAVAILABLE notes: .*ECONNREFUSED/)
  })

  it('all replicas are asked', async () => {
    const asked: string[] = []
    const named = (name: string) =>
      serverThat((_request, response) => {
        asked.push(name)
        response.end('{"data":{}}')
      })
    const transport = transportTo({ urls: [await named('a'), await named('b')] })
    for (let times = 0; times < 30; times += 1) await asking(transport)
    expect(new Set(asked)).toEqual(new Set(['a', 'b']))
  })

  it('a request nobody waits for any more is given up', async () => {
    const transport = transportTo({ urls: [await serverThat(() => undefined)] })
    const caller = new AbortController()
    const answer = refusal(asking(transport, '{ hello }', aUser(), caller.signal))
    caller.abort()
    expect(await answer).toBe('UNAVAILABLE notes: the caller no longer waits')
    expect(await refusal(asking(transport, '{ hello }', aUser(), caller.signal))).toMatch(/^UNAVAILABLE/)
  })

  it('a principal that cannot be sealed is not sent', async () => {
    const { url } = await servedNotes()
    const transport = transportTo({ urls: [url], seal: () => Promise.reject(new Problem('UNAVAILABLE', 'no key')) })
    expect(await refusal(asking(transport))).toBe('UNAVAILABLE no key')
  })
})
