import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { httpTransport } from '@latchkey/subgraph/over-http'
import type { SubgraphRequest, SubgraphTransport } from '@latchkey/subgraph/transport'
import { afterEach, describe, expect, it } from 'vitest'
import { createEstate, dependenciesOf, openEstate } from './estate.fixture.ts'
import { createGateway } from './gateway.ts'
import { forwardTo } from './http/forward.ts'

const undo: (() => Promise<unknown> | unknown)[] = []
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step()
})

function deferred<Value>() {
  let resolve: (value: Value) => void = () => {}
  const promise = new Promise<Value>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

/** The first subgraph waits until it is told to answer. */
function heldEstate() {
  const { transports } = createEstate()
  const asked = deferred<SubgraphRequest>()
  const released = deferred<void>()
  const people: SubgraphTransport = async (request) => {
    asked.resolve(request)
    await released.promise
    return { data: { open: 'sesame', ping: 'pong' } }
  }
  return { transports: { ...transports, people }, asked: asked.promise, release: released.resolve }
}

const ask = (url: string, query: string) =>
  fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  })

/** A client that leaves once the subgraph was asked. */
async function leaveDuring(query: string): Promise<SubgraphRequest> {
  const { transports, asked, release } = heldEstate()
  const { url, gateway } = await openEstate({ transports })
  undo.push(() => gateway.close(), release)
  const body = JSON.stringify({ query })
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.write(
    `POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  )
  const request = await asked
  socket.destroy()
  return request
}

describe('a client that leaves', () => {
  it('takes its query along: subgraphs learn that nobody waits', async () => {
    const { signal } = await leaveDuring('{ open }')
    if (!signal) throw new Error('a query carries a signal')
    if (!signal.aborted) await once(signal, 'abort')
    expect(signal.aborted).toBe(true)
  })

  it('does not stop a change that has begun', async () => {
    expect((await leaveDuring('mutation { ping }')).signal).toBeUndefined()
  })
})

describe('a gateway that closes', () => {
  it('finishes what it has begun, says that it is not ready, and takes nothing new', async () => {
    const { transports, asked, release } = heldEstate()
    const { url, gateway } = await openEstate({ transports })
    const answer = ask(url, '{ open }')
    await asked
    const closed = gateway.close()
    await expect(fetch(`${url}/health/live`)).rejects.toThrow()
    release()
    const response = await answer
    expect([response.headers.get('connection'), await response.json()]).toEqual(['close', { data: { open: 'sesame' } }])
    await closed
  })

  it('serves on while it drains, says so, and keeps no connection', async () => {
    const { url, gateway } = await openEstate({ drainMs: 150 })
    const closed = gateway.close()
    const ready = await fetch(`${url}/health/ready`)
    expect([ready.status, await ready.json()]).toEqual([503, { status: 'draining' }])
    expect([(await fetch(`${url}/health/serving`)).status, (await fetch(`${url}/health/live`)).status]).toEqual([
      503, 200,
    ])
    const answer = await ask(url, '{ open }')
    expect([answer.status, answer.headers.get('connection')]).toEqual([200, 'close'])
    await closed
    await expect(fetch(`${url}/health/live`)).rejects.toThrow()
  })

  it('has nothing to do when it never listened, or is closed already', async () => {
    await createGateway(dependenciesOf(createEstate())).close()
    const { gateway } = await openEstate()
    await gateway.close()
    await gateway.close()
  })
})

describe('a gateway', () => {
  it('is ready when what it needs is, and live all the same', async () => {
    const state = { ready: true }
    const { url, gateway } = await openEstate({
      ready: async () => state.ready || Promise.reject(new Error('redis is away')),
    })
    undo.push(() => gateway.close())
    const status = async (path: string) => (await fetch(url + path)).status
    expect([await status('/health/ready'), await status('/health/live')]).toEqual([200, 200])
    state.ready = false
    expect([await status('/health/ready'), await status('/health/live')]).toEqual([503, 200])
  })

  it('that has less than it should is ready and says so; which part it is hears who brings the token', async () => {
    const report = { status: 'degraded', parts: { users: 'degraded' } } as const
    const { url, gateway } = await openEstate({ ready: async () => report, healthToken: 'a token of some length' })
    undo.push(() => gateway.close())
    const told = async (headers: Record<string, string>) => (await fetch(`${url}/health/ready`, { headers })).json()
    expect(await told({ authorization: 'Bearer a token of some guess' })).toEqual({ status: 'degraded' })
    expect(await told({ authorization: 'Bearer a token of some length' })).toEqual(report)
  })

  it('answers a fault of its own with INTERNAL and no word of it', async () => {
    const { url, gateway } = await openEstate({
      recognisers: [() => Promise.reject(new Error('the secret is hunter2'))],
    })
    undo.push(() => gateway.close())
    const response = await ask(url, '{ open }')
    const text = await response.text()
    expect([response.status, JSON.parse(text).errors[0].extensions]).toEqual([
      500,
      { code: 'INTERNAL', requestId: response.headers.get('x-request-id') },
    ])
    expect(text).not.toContain('hunter2')
  })

  it('says when its address is taken', async () => {
    const { url, gateway } = await openEstate()
    const other = createGateway(dependenciesOf(createEstate()))
    undo.push(() => gateway.close())
    const port = Number(new URL(url).port)
    await expect(other.listen({ host: '127.0.0.1', port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await other.close()
  })

  it('refuses to exist over a supergraph that it cannot enforce', async () => {
    const { supergraphSdl } = createEstate()
    const ofAnotherVersion = supergraphSdl.replace('requiresScopes/v0.1', 'requiresScopes/v9.9')
    await expect(openEstate({ supergraphSdl: ofAnotherVersion })).rejects.toThrow('does not enforce')
  })
})

describe('what a subgraph shows besides the graph', () => {
  const doorsTo = (...urls: string[]) => {
    const transport = httpTransport({ subgraph: 'users', urls })
    undo.push(() => transport.close())
    return transport.doors
  }

  async function subgraphSaying(text: string) {
    const heard: Record<string, unknown>[] = []
    const server = createServer(({ url, headers }, response) => {
      heard.push({ url, authorization: headers.authorization, cookie: headers.cookie })
      response.writeHead(200, { 'content-type': 'application/json', 'set-cookie': 'a=b' }).end(text)
    }).listen(0, '127.0.0.1')
    undo.push(() => server.close())
    await once(server, 'listening')
    return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`, heard }
  }

  it('is shown at the same path, without a credential on the way there or a cookie on the way back', async () => {
    const { endpoint, heard } = await subgraphSaying('[]')
    const { url, gateway } = await openEstate({
      routes: { '/dev/mail': forwardTo(doorsTo('http://127.0.0.1:9/graphql', endpoint)) },
    })
    undo.push(() => gateway.close())
    const headers = { authorization: 'Bearer x', cookie: 'session=1' }
    const response = await fetch(`${url}/dev/mail?to=ada%40example.org`, { headers })
    expect([response.status, await response.text(), response.headers.get('set-cookie')]).toEqual([200, '[]', null])
    expect(heard).toEqual([{ url: '/dev/mail?to=ada%40example.org' }])
    expect((await fetch(`${url}/dev/mail`, { method: 'POST' })).status).toBe(405)
  })

  it('is 503 while the subgraph cannot be reached', async () => {
    const { url, gateway } = await openEstate({
      routes: { '/dev/mail': forwardTo(doorsTo('http://127.0.0.1:9/graphql')) },
    })
    undo.push(() => gateway.close())
    expect((await fetch(`${url}/dev/mail`)).status).toBe(503)
  })
})
