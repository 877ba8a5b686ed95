/** What keys are used for is counted: each request once, whoever dies meanwhile. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { formatApiKeyText, parseApiKeyText } from '@latchkey/principal/api-key-text'
import { redisUsageStream } from '@latchkey/principal/key-usage.redis'
import { openRedis, type Redis } from '@latchkey/principal/redis'
import { storePatienceMs } from '@latchkey/prisma/testing'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { builtProgram } from './support/built.ts'
import { type Answer, aKey, apiKey, ask, bearer, codesOf, type SignedIn, signedIn } from './support/client.ts'
import { type OwnRedis, startOwnRedis } from './support/own-redis.ts'
import { patient } from './support/patient.ts'
import { inEveryTopology, startTopology, type Topology } from './support/topology.ts'

/** How many requests are counted while those who count are killed: a hundred thousand take some minutes. */
const requestsMin = Number(process.env.LATCHKEY_E2E_KEYED_REQUESTS ?? 1_000)
const deaths = 3
const atOnce = 24
const patienceMs = 90_000 + requestsMin * 10

const usageOf = /* GraphQL */ `query ($id: ID!, $by: ApiKeyUsageGrouping) {
  apiKey(id: $id) {
    lastUsedAt lastUsedOperation
    usage(granularity: DAY, groupBy: $by, first: 50) { group requests errors denied p50 }
    topOperations { operation requests }
    deniedRequests { reason operation requests }
    unusedGrants(days: 1) { scopes }
  } }`
const disable = 'mutation ($id: ID!) { disableApiKey(id: $id) { apiKey { status } } }'
const me = 'query Mine { me { id email } }'
const sessions = 'query Where { me { sessions { id } } }'

inEveryTopology((name) => {
  let house: Topology
  let redis: OwnRedis
  let ada: SignedIn
  beforeAll(async () => {
    redis = await startOwnRedis()
    house = await startTopology(name, { redisUrl: redis.url, settings: { LATCHKEY_LIMITS: 'off' } })
    ada = await signedIn(house.gateways[0])
  })
  afterAll(async () => {
    await house?.stop()
    await redis?.stop()
  })

  const told = async (id: string, by = 'NONE') => {
    const answer = await ask(house.gateways[1], bearer(ada.accessToken), usageOf, { id, by })
    return answer.data?.apiKey as {
      usage: { group: string | null; requests: number; errors: number; denied: number; p50: number }[]
    } & Record<string, unknown>
  }
  const total = async (id: string) => (await told(id))?.usage.reduce((sum, { requests }) => sum + requests, 0)

  it('each request with a key is told, answered or refused, and why', async () => {
    const { secret, apiKey: key } = await aKey(house.gateways[0], ada, ['profile:read', 'keys:read'])
    const asked = async (query: string) => {
      for (const gateway of house.gateways) await ask(gateway, apiKey(secret), query)
    }
    await asked(me)
    await asked(me.replace('id email', 'who: id email'))
    await asked(sessions)
    await asked('{ nonsense }')
    await ask(house.gateways[0], bearer(ada.accessToken), disable, { id: key.id })
    await asked(me)
    await asked('{ never: me { id } }')
    // Nobody's: without its secret a key is not used.
    await ask(house.gateways[0], apiKey(withAnotherSecret(secret)), me)
    await expect.poll(() => total(key.id), { interval: 200 }).toBe(12)
    const { usage, ...facts } = await told(key.id, 'OUTCOME')
    expect(usage.map(({ group, requests, errors, denied }) => [group, requests, errors, denied])).toEqual([
      ['DENIED:DISABLED', 4, 0, 4],
      ['DENIED:SCOPE_DENIED', 2, 0, 2],
      ['ERROR:GRAPHQL_VALIDATION_FAILED', 2, 2, 0],
      ['OK', 4, 0, 0],
    ])
    expect(facts).toMatchObject({
      topOperations: expect.arrayContaining([
        { operation: expect.stringMatching(/^Mine#[0-9a-f]{16}$/), requests: 6 },
        { operation: expect.stringMatching(/^Where#[0-9a-f]{16}$/), requests: 2 },
        { operation: null, requests: 4 },
      ]),
      deniedRequests: expect.arrayContaining([
        { reason: 'SCOPE_DENIED', operation: expect.stringMatching(/^Where#/), requests: 2 },
        { reason: 'DISABLED', operation: expect.stringMatching(/^Mine#/), requests: 2 },
        { reason: 'DISABLED', operation: null, requests: 2 },
      ]),
      unusedGrants: { scopes: ['keys:read'] },
    })
    expect(Math.abs(Date.now() - Date.parse(String(facts.lastUsedAt)))).toBeLessThan(600_000)
    const by = async (grouping: string) =>
      (await told(key.id, grouping)).usage.map(({ group, requests }) => [group, requests])
    expect(await by('SUBGRAPH')).toEqual([['users', 4]])
    expect(await by('COORDINATE')).toEqual([
      ['Query.me', 8],
      ['Session.id', 2],
      ['User.email', 6],
      ['User.id', 6],
      ['User.sessions', 2],
    ])
  })

  /** What a process that ended has left undone: it took batches and settled none. */
  async function takeAndDie(): Promise<number> {
    const connection = await connected(house.redis.url)
    const stream = redisUsageStream({ redis: connection, prefix: house.redis.prefix })
    let taken = 0
    for (let tries = 0; tries < 100 && taken === 0; tries++) {
      // On a busy machine one may be cut short: the next one takes.
      taken = await stream.take(`dead-${tries}`, 20).then(
        ({ length }) => length,
        () => 0,
      )
      await pause(10)
    }
    connection.disconnect()
    return taken
  }

  it(
    `each counts once, though whoever counts is killed ${deaths} times and Redis is, too`,
    async () => {
      const { secret, apiKey: key } = await aKey(house.gateways[0], ada, ['profile:read'])
      const load = startLoad(house.gateways, secret)
      onTestFinished(load.abandon)
      let taken = 0
      for (let death = 0; death < deaths; death++) {
        const victim = name === 'distributed' ? await startCounter(house) : null
        taken += await takeAndDie()
        await pause(300)
        victim?.kill('SIGKILL')
        if (death === 1) await redis.killAndStart()
      }
      const { served, refused } = await load.stop()
      const lost = house.logged().match(/uses of keys were (?:lost|dropped)/g)
      console.log(
        `${name}: ${served} served, ${JSON.stringify(refused)} while Redis was away; ${taken} batches died with their takers`,
      )
      expect([taken > 0, served >= requestsMin]).toEqual([true, true])
      await expect.poll(() => total(key.id), { timeout: patienceMs, interval: 250 }).toBe(served)
      // And not a moment later more.
      await pause(1_500)
      expect([await total(key.id), lost]).toEqual([served, null])
    },
    patienceMs + 480_000,
  )
})

function withAnotherSecret(text: string): string {
  const key = parseApiKeyText(text)
  if (!key) throw new Error('no key')
  return formatApiKeyText({ ...key, secret: [...key.secret].reverse().join('') })
}

const isServed = ({ status, errors }: Answer) => status === 200 && errors.length === 0

/** A busy machine may need more than one try. */
async function connected(url: string): Promise<Redis> {
  for (let tries = 1; ; tries++) {
    const redis = openRedis(url, storePatienceMs)
    try {
      await redis.connect()
      return redis
    } catch (error) {
      redis.disconnect()
      if (tries === 10) throw error
      await pause(100)
    }
  }
}

/** Asks over and over, until there were enough and it is told to stop. What was not served cannot have reached a key. */
function startLoad(gateways: readonly string[], secret: string) {
  let state: 'running' | 'stopping' | 'abandoned' = 'running'
  let served = 0
  const refused: Record<string, number> = {}
  const asking = Array.from({ length: atOnce }, async (_, at) => {
    while (state === 'running' || (state === 'stopping' && served < requestsMin)) {
      const answer = await ask(gateways[at % 2] ?? '', apiKey(secret), me)
      if (isServed(answer)) served += 1
      else {
        const code = String(codesOf(answer)[0])
        refused[code] = (refused[code] ?? 0) + 1
        await pause(20)
      }
    }
  })
  return {
    abandon() {
      state = 'abandoned'
    },
    async stop() {
      state = 'stopping'
      await Promise.all(asking)
      return { served, refused }
    },
  }
}

/** One more process of ApiKeys, which counts beside the others. */
async function startCounter({ databaseUrl, redis, keyringFile, subgraphUrls }: Topology): Promise<ChildProcess> {
  const child = spawn(process.execPath, [builtProgram('api-keys')], {
    env: {
      PATH: process.env.PATH ?? '',
      PORT: '0',
      DATABASE_URL: databaseUrl,
      REDIS_URL: redis.url,
      LATCHKEY_KEYRING_FILE: keyringFile,
      LATCHKEY_SUBGRAPH_URLS: `users=${subgraphUrls.users}`,
      ...patient,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said += text
  })
  for await (const text of child.stdout.setEncoding('utf8')) {
    said += text
    if (said.includes('is serving')) return child
  }
  await once(child, 'exit')
  throw new Error(said)
}
