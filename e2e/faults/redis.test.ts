/** Redis in trouble: no long wait, nothing let in that should not be, and back at work as soon as Redis is. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type EmbeddedRedis, startRedis } from '@latchkey/app/redis'
import { systemEntropy as entropy } from '@latchkey/clock'
import { openRedis, type Redis } from '@latchkey/principal/redis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Answer, ask, bearer, nobody, registered, signedIn, signInOperation } from '../support/client.ts'
import { type Fault, type FaultyWay, openFaultyWay } from '../support/faulty-way.ts'
import { inEveryTopology, startTopology, type Topology } from '../support/topology.ts'

/** What is done to Redis itself; each gives the way back. */
const troubles: Readonly<Record<string, (redis: Redis) => Promise<() => Promise<unknown>>>> = {
  'read-only': async (redis) => {
    await redis.replicaof('127.0.0.1', 1)
    await redis.config('SET', 'replica-serve-stale-data', 'yes')
    return () => redis.replicaof('NO', 'ONE')
  },
  full: async (redis) => {
    await redis.config('SET', 'maxmemory', '1')
    return () => redis.config('SET', 'maxmemory', '0')
  },
  paused: async (redis) => {
    await redis.client('PAUSE', 2_000, 'ALL')
    return () => pause(2_000)
  },
}

const faults: readonly Fault[] = ['slow', 'frozen', 'forgotten', 'gone', 'cut', 'garbage']
const goesOnMs = 1_500

interface Findings {
  readonly asked: number
  readonly longestMs: number
  readonly letIn: number
  readonly backAfterMs: number
}

const isServed = ({ status, errors }: Answer) => status === 200 && errors.length === 0

async function untilServed(work: () => Promise<Answer>): Promise<void> {
  for (let tries = 0; !isServed(await work()); tries++) {
    if (tries === 100) throw new Error('never served')
    await pause(50)
  }
}

inEveryTopology((name) => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-faults-'))
  const found: Record<string, Findings> = {}
  let server: EmbeddedRedis
  let redis: Redis
  let way: FaultyWay
  let house: Topology
  beforeAll(async () => {
    const started = await startRedis({ folder, entropy, path: process.env.PATH ?? '' })
    if (!started) throw new Error('the stories need a Redis')
    server = started
    redis = openRedis(server.url)
    await redis.connect()
    way = await openFaultyWay(server.url)
    house = await startTopology(name, { redisUrl: way.url, settings: { LATCHKEY_LIMIT_SIGN_IN_NETWORK: '10000' } })
  })
  afterAll(async () => {
    console.table(found)
    way?.fail('none')
    await house?.stop()
    way?.close()
    redis?.disconnect()
    await server?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  /** One who is signed in, one whose session was revoked, and one whose tries are used up. */
  async function cast() {
    const [gateway] = house.gateways
    const [ada, eve, victim] = [await signedIn(gateway), await signedIn(gateway), await registered(gateway)]
    // What was refused because the store is not yet at ease was not done.
    await untilServed(() => ask(gateway, bearer(eve.accessToken), 'mutation { signOut { sessionId } }'))
    const wrong = { email: victim.email, password: 'not the password at all' }
    for (let tries = 0; tries < 10; tries++)
      await untilServed(() => ask(gateway, nobody, signInOperation, { input: wrong }))
    return { ada, eve, victim }
  }

  /** Asks for as long as the trouble goes on, on both gateways, many at a time. */
  async function observe({ ada, eve, victim }: Awaited<ReturnType<typeof cast>>) {
    const until = performance.now() + goesOnMs
    const asked: Promise<{ tookMs: number; letIn: boolean }>[] = []
    const timed = async (mayBeServed: boolean, work: () => Promise<Answer>, opens = isServed) => {
      const startedAt = performance.now()
      const answer = await work()
      return { tookMs: performance.now() - startedAt, letIn: !mayBeServed && opens(answer) }
    }
    const signsIn = ({ data }: Answer) => data?.signIn?.__typename === 'SignedIn'
    for (let turn = 0; performance.now() < until; turn++) {
      const gateway = house.gateways[turn % 2 === 0 ? 0 : 1]
      asked.push(timed(true, () => ask(gateway, bearer(ada.accessToken), '{ me { id sessions { id } } }')))
      asked.push(timed(false, () => ask(gateway, bearer(eve.accessToken), '{ me { id } }')))
      if (turn % 4 === 0)
        asked.push(timed(false, () => ask(gateway, nobody, signInOperation, { input: victim }), signsIn))
      await pause(25)
    }
    const answers = await Promise.all(asked)
    return {
      asked: answers.length,
      longestMs: Math.round(Math.max(...answers.map(({ tookMs }) => tookMs))),
      letIn: answers.filter(({ letIn }) => letIn).length,
    }
  }

  /** How long until both gateways serve again who is signed in, and sign in who is not. */
  async function recovery({ ada }: Awaited<ReturnType<typeof cast>>): Promise<number> {
    const startedAt = performance.now()
    for (const gateway of house.gateways)
      for (;;) {
        const [read, wrote] = [
          await ask(gateway, bearer(ada.accessToken), '{ me { id sessions { id } } }'),
          await ask(gateway, nobody, signInOperation, { input: { email: ada.email, password: ada.password } }),
        ]
        if (isServed(read) && wrote.data?.signIn?.__typename === 'SignedIn') break
        if (performance.now() - startedAt > 20_000) throw new Error(`still ${read.status}/${wrote.status}`)
        await pause(20)
      }
    return Math.round(performance.now() - startedAt)
  }

  async function endure(what: string, begin: () => Promise<() => unknown>): Promise<Findings> {
    const people = await cast()
    const end = await begin()
    const observed = await observe(people)
    await end()
    const findings = { ...observed, backAfterMs: await recovery(people) }
    found[what] = findings
    return findings
  }

  it.each(faults)('%s: nobody is let in, nobody waits long', async (fault) => {
    const findings = await endure(fault, async () => {
      way.fail(fault)
      return () => way.fail('none')
    })
    expect(findings.letIn).toBe(0)
  })

  it.each(Object.keys(troubles))('%s: nobody is let in, nobody waits long', async (trouble) => {
    const findings = await endure(trouble, () => (troubles[trouble] ?? expect.fail(trouble))(redis))
    expect(findings.letIn).toBe(0)
  })
})
