import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { anonymous } from '@latchkey/principal'
import { Problem } from '@latchkey/problem'
import { writeMetrics } from '@latchkey/telemetry/metrics'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { httpTransport } from '../over-http.ts'
import type { SubgraphTransport } from '../transport.ts'
import { anAddress, aService, type NameServer, openNameServer } from './name-server.fixture.ts'

const endings: (() => unknown)[] = []
let names: NameServer
beforeEach(async () => {
  names = await openNameServer()
  endings.push(() => names.close())
})
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

interface Replica {
  readonly address: string
  readonly port: number
  asked: number
  hosts: Set<string | undefined>
  close(): void
}

/** One process of a subgraph: all of 127.0.0.0/8 is this machine. */
async function aReplica(address: string, port = 0, answers?: RequestListener): Promise<Replica> {
  const server = createServer((request, response) => {
    replica.asked += 1
    replica.hosts.add(request.headers.host)
    if (answers) answers(request, response)
    else response.end('{"data":{}}')
  }).listen(port, address)
  await once(server, 'listening')
  const { port: taken } = server.address() as AddressInfo // a TCP server that listens
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  const replica: Replica = { address, port: taken, asked: 0, hosts: new Set(), close }
  endings.push(close)
  return replica
}

async function replicasAt(...addresses: string[]): Promise<Replica[]> {
  const first = await aReplica(addresses[0] ?? '127.0.0.1')
  return [first, ...(await Promise.all(addresses.slice(1).map((address) => aReplica(address, first.port))))]
}

const opened = (...urls: string[]) =>
  httpTransport({ subgraph: 'users', urls, nameServers: [names.address], timeoutMs: 15_000 })

function transportTo(...urls: string[]) {
  const transport = opened(...urls)
  endings.push(() => transport.close())
  return transport
}

const asking = (transport: SubgraphTransport, query = '{ hello }') =>
  transport({ query, variables: {}, principal: anonymous, requestId: 'req_1' })

const outcomeOf = (transport: SubgraphTransport) =>
  asking(transport).then(
    () => 'answered',
    (thrown: unknown) => (thrown instanceof Problem ? `${thrown.code} ${thrown.detail}` : String(thrown)),
  )

const soon = (check: () => unknown) => vi.waitFor(check, { timeout: 60_000, interval: 20 })
const found = (transport: ReturnType<typeof transportTo>, count: number) =>
  soon(() => expect(transport.doors()).toHaveLength(count))

const named = (name: string, replicas: readonly Replica[]) =>
  names.tell(
    name,
    replicas.map(({ address }) => anAddress(address)),
  )

/** In seconds, as Prometheus is told; `null`: nothing is told. */
async function unresolvedFor(name: string): Promise<number | null> {
  const { text } = await writeMetrics()
  const told = new RegExp(`^latchkey_name_unresolved_seconds\\{name="${name}"\\} (\\S+)$`, 'm').exec(text)?.[1]
  return told === undefined ? null : Number(told)
}

describe('replicas that are found by name', () => {
  it('are asked at each of its addresses under that name; who comes takes part, and who leaves answers what it was asked', async () => {
    const held: (() => void)[] = []
    const [one, two] = await replicasAt('127.0.0.2', '127.0.0.3')
    const slow = await aReplica('127.0.0.4', one?.port, (_request, response) => {
      held.push(() => response.end('{"data":{"slow":true}}'))
    })
    const [first, second] = [one, two].filter((replica) => replica !== undefined)
    if (!first || !second) throw new Error('there are two')
    named('users.test', [first, second])
    const transport = transportTo(`dns+http://users.test:${first.port}/graphql`)
    await found(transport, 2)
    while (first.asked === 0 || second.asked === 0) await asking(transport)
    expect([...first.hosts, ...second.hosts]).toEqual(Array(2).fill(`users.test:${first.port}`))

    named('users.test', [first, slow])
    await soon(() => expect(transport.doors()).toHaveLength(2))
    const before = second.asked
    const waiting: Promise<unknown>[] = []
    await soon(() => {
      waiting.push(asking(transport))
      expect(slow.asked).toBeGreaterThan(0)
    })
    named('users.test', [first])
    await found(transport, 1)
    for (let times = 0; times < 20; times += 1) await asking(transport)
    expect(slow.asked).toBe(held.length)
    for (const answer of held) answer()
    const answers = await Promise.all(waiting)
    expect(answers).toContainEqual({ data: { slow: true } })
    expect(second.asked).toBeLessThanOrEqual(before + waiting.length)
  })

  it('are asked on while DNS says no, fails or says nothing, and nobody waits for it', async () => {
    const replicas = await replicasAt('127.0.0.2', '127.0.0.3')
    named('users.test', replicas)
    const transport = transportTo(`dns+http://users.test:${replicas[0]?.port}`)
    await found(transport, 2)
    const spoilers = [
      () => names.tell('users.test', []),
      () => names.tell('users.test', 'no such name'),
      () => names.tell('users.test', [anAddress('169.254.169.254')]),
      () => names.manner('failing'),
      () => names.manner('silent'),
    ]
    for (const spoil of spoilers) {
      spoil()
      const askedBefore = names.asked()
      await soon(() => expect(names.asked()).toBeGreaterThan(askedBefore + 1))
      expect(transport.doors()).toHaveLength(2)
      await asking(transport)
    }
  })

  it('are said to lead nowhere for as long as DNS does not lead to them, each name for itself, and no more once nobody asks', async () => {
    const replicas = await replicasAt('127.0.0.2')
    for (const name of ['lost.test', 'found.test']) named(name, replicas)
    const lost = opened(`dns+http://lost.test:${replicas[0]?.port}`)
    await found(lost, 1)
    await found(transportTo(`dns+http://found.test:${replicas[0]?.port}`), 1)
    expect(await unresolvedFor('lost.test')).toBe(0)
    names.tell('lost.test', 'no such name')
    await soon(async () => expect(await unresolvedFor('lost.test')).toBeGreaterThan(1))
    expect(await unresolvedFor('found.test')).toBe(0)
    named('lost.test', replicas)
    await soon(async () => expect(await unresolvedFor('lost.test')).toBe(0))
    await lost.close()
    expect(await unresolvedFor('lost.test')).toBeNull()
  })

  it('are UNAVAILABLE at once before anything is known, and a storm of requests is none of questions to DNS', async () => {
    const transport = transportTo('dns+http://nobody.test:4001')
    await soon(() => expect(names.asked()).toBeGreaterThan(0))
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => outcomeOf(transport)))
    expect(answers.filter((answer) => !answer.startsWith('UNAVAILABLE users: '))).toEqual([])
    expect(answers[0]).toMatch(/nobody\.test/)
    // Two families, in each domain that this machine searches, every now and then.
    expect(names.asked()).toBeLessThan(500)
  })

  it('are nowhere that only this machine can be reached, and at no more than a hundred addresses', async () => {
    const many = Array.from({ length: 2_000 }, (_, index) => anAddress(`127.9.${index >> 8}.${index & 255}`))
    names.tell('metadata.test', [anAddress('169.254.169.254')])
    names.tell('many.test', many)
    const [barred, flooded] = [transportTo('dns+http://metadata.test:80'), transportTo('dns+http://many.test:9')]
    await soon(async () => expect(await outcomeOf(barred)).toMatch(/leads nowhere that a replica can be|lately/))
    expect(barred.doors()).toEqual([])
    await found(flooded, 100)
  })

  it('are known by that name when they prove who they are', async () => {
    const asked: string[] = []
    const server = createTlsServer({
      SNICallback: (name, done) => {
        asked.push(name)
        done(new Error('nobody'))
      },
    }).listen(0, '127.0.0.2')
    await once(server, 'listening')
    endings.push(() => server.close())
    const { port } = server.address() as AddressInfo // a TCP server that listens
    names.tell('users.test', [anAddress('127.0.0.2')])
    names.tell('_graphql._tcp.users.test', [aService('somewhere.else.test', port)])
    names.tell('somewhere.else.test', [anAddress('127.0.0.2')])
    for (const url of [`dns+https://users.test:${port}`, 'srv+https://_graphql._tcp.users.test']) {
      const transport = transportTo(url)
      await found(transport, 1)
      expect(await outcomeOf(transport)).toMatch(/^UNAVAILABLE/)
    }
    expect(new Set(asked)).toEqual(new Set(['users.test']))
  })
})

describe('replicas of a service', () => {
  it('are asked at its ports by weight, and those of a later priority when the first are gone', async () => {
    const [heavy, light, spare] = await Promise.all(['127.0.0.2', '127.0.0.3', '127.0.0.4'].map((at) => aReplica(at)))
    if (!heavy || !light || !spare) throw new Error('there are three')
    for (const { address } of [heavy, light, spare]) names.tell(`h${address}.test`, [anAddress(address)])
    const at = ({ address, port }: Replica, rank: { priority: number; weight: number }) =>
      aService(`h${address}.test`, port, rank)
    names.tell('_graphql._tcp.users.test', [
      at(heavy, { priority: 1, weight: 90 }),
      at(light, { priority: 1, weight: 10 }),
      at(spare, { priority: 2, weight: 0 }),
    ])
    const transport = transportTo('srv+http://_graphql._tcp.users.test')
    await found(transport, 3)
    for (let times = 0; times < 200; times += 1) await asking(transport)
    expect(heavy.asked).toBeGreaterThan(150)
    expect([light.asked > 0, spare.asked]).toEqual([true, 0])
    heavy.close()
    light.close()
    for (let times = 0; times < 20; times += 1) expect(await outcomeOf(transport)).toBe('answered')
    expect(spare.asked).toBeGreaterThan(0)
  })
})

it('a name and addresses may stand beside each other, and other paths of all of them can be read', async () => {
  const [one, two] = await replicasAt('127.0.0.2', '127.0.0.3')
  names.tell('users.test', [anAddress('127.0.0.2')])
  const transport = transportTo(`dns+http://users.test:${one?.port}`, `http://127.0.0.3:${two?.port}`)
  await found(transport, 2)
  const shown = await Promise.all(transport.doors().map((door) => door.get('/health/ready', { withinMs: 10_000 })))
  expect(shown.map(({ status, body }) => [status, body])).toEqual(Array(2).fill([200, '{"data":{}}']))
  expect([one?.asked, two?.asked]).toEqual([1, 1])
})
