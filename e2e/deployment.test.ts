import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aKey, apiKey, ask, bearer, nobody, type SignedIn, signedIn } from './support/client.ts'
import {
  type Deployment,
  drainSeconds,
  failTimeoutSeconds,
  hasDeploymentPrograms,
  openDeployment,
  type Place,
  until,
} from './support/deployment/deployment.ts'
import { type Chain, keepAsking, keepProbing } from './support/deployment/load.ts'

/**
 * While everything is restarted. It is measured when asked, on a machine that does nothing else: where processes and stores get no
 * time, requests are refused for being late, whoever is restarted.
 */
const requestsWanted = Number(process.env.LATCHKEY_E2E_REQUESTS ?? 0)

const pace = requestsWanted > 5_000 ? { atOnce: 16, pauseMs: 10 } : { atOnce: 6, pauseMs: 50 }

/** On a machine that is busy with other things ten processes take long to start. */
const patience = { timeout: 900_000 }

const shuffled = <Value>(values: readonly Value[]): Value[] =>
  values
    .map((value) => ({ value, at: Math.random() }))
    .sort((one, other) => one.at - other.at)
    .map(({ value }) => value)

/** More than two batches of each. */
const rowsOver = 2_500

const overSince = {
  codes: `INSERT INTO users.email_codes (reference, account_id, mac_key_id, mac, expires_at)
    SELECT 'ref_' || n, 'usr_' || n, 'k', '', timestamptz '2020-01-01' FROM generate_series(1, ${rowsOver}) n`,
  attempts: `INSERT INTO sessions.sign_in_attempts (id, identifier_index, device, outcome, request_id, at)
    SELECT 'att_' || n, 'k.' || n, 'Firefox', 'REFUSED', 'req', timestamptz '2020-01-01' FROM generate_series(1, ${rowsOver}) n`,
} as const

const allReady = async (places: readonly Place[]) =>
  (await Promise.all(places.map((place) => place.ready()))).every((told) => told?.words.status === 'ready')

describe.skipIf(!hasDeploymentPrograms)('a deployment behind nginx and PgBouncer', () => {
  let deployment: Deployment
  let ada: SignedIn
  let key: Awaited<ReturnType<typeof aKey>>

  beforeAll(async () => {
    deployment = await openDeployment()
    for (const text of Object.values(overSince)) await deployment.onDatabase(text)
  })
  afterAll(() => deployment?.stop())

  it('may be started in any order, its stores last: whoever waits lives and is not ready', patience, async () => {
    const { places, stores } = deployment
    for (const place of shuffled(places)) place.start()
    deployment.startNginx()
    await until(
      'every process has opened its port',
      async () => (await Promise.all(places.map((place) => place.ready()))).every((told) => told?.status === 503),
      deployment.said,
    )
    for (const { url } of places) expect((await fetch(`${url}/health/live`)).status).toBe(200)
    expect(await (await fetch(`${deployment.url}/health/live`)).json()).toEqual({ status: 'live' })
    for (const start of shuffled(Object.values(stores))) start()
    await until('all of them are ready', () => allReady(places), deployment.said)
    ada = await signedIn(deployment.url)
    key = await aKey(deployment.url, ada, ['profile:read'])
  })

  it(
    'removes what is over, each row once and by one process of two, though no session is anybody’s own',
    patience,
    async () => {
      const cleaned = async () =>
        deployment.onDatabase<{ job: string; removed: number; holder: string | null }>(
          `SELECT job, removed::int, holder FROM users.cleanups WHERE job = 'email-codes' AND ended_at IS NOT NULL
         UNION ALL SELECT job, removed::int, holder FROM sessions.cleanups WHERE job = 'login-attempts' AND ended_at IS NOT NULL`,
        )
      await until('both jobs are done', async () => (await cleaned()).length === 2, deployment.said)
      expect(await cleaned()).toEqual([
        { job: 'email-codes', removed: rowsOver, holder: null },
        { job: 'login-attempts', removed: rowsOver, holder: null },
      ])
      const unfinished = await deployment.onDatabase(
        ['users', 'sessions', 'api_keys']
          .map(
            (schema) =>
              `SELECT job FROM ${schema}.cleanups WHERE ended_at IS NULL AND holder IS NULL AND due_at > now()`,
          )
          .join(' UNION ALL '),
      )
      expect(unfinished).toEqual([])
    },
  )

  it('tells operators which part is not whole, and strangers that not all is', patience, async () => {
    const [gateway] = deployment.places
    const one = deployment.places.find(({ name, replica }) => name === 'users' && replica === 2)
    expect(await one?.end()).toBe(0)
    await until('the gateway misses it', async () => (await gateway?.ready())?.words.status === 'degraded')
    expect(await gateway?.ready()).toEqual({
      status: 200,
      words: {
        status: 'degraded',
        parts: { redis: 'ready', users: 'degraded', sessions: 'ready', 'api-keys': 'ready' },
      },
    })
    const stranger = await fetch(`${gateway?.url}/health/ready`)
    expect([stranger.status, await stranger.json()]).toEqual([200, { status: 'degraded' }])
    one?.start()
    await until('all of them are ready', () => allReady(deployment.places))
  })

  it('finds one more replica by its name and lets another go, and loses no request meanwhile', patience, async () => {
    const { url, places, lead } = deployment
    const leaving = places.find(({ name, replica }) => name === 'users' && replica === 1)
    const third = deployment.third('users')
    third.start()
    await until('the third is ready', () => allReady([third]), third.said)
    const questions = [
      { credential: bearer(ada.accessToken), query: '{ me { id email sessions { id } apiKeys { id name } } }' },
      { credential: apiKey(key.secret), query: '{ me { id email } }' },
    ]
    const load = keepAsking({ url, questions, chains: [sessionChain(ada)], ...pace })
    const asked = () => third.said().split('"hop":"users"').length
    lead('users', [1, 2, 3])
    await until('the third is asked', () => asked() > 10, third.said)
    lead('users', [2, 3])
    await pause(untilFoundMs)
    expect(await leaving?.end()).toBe(0)
    const [askedBefore, loadBefore] = [asked(), load.asked()]
    await until('both go on', () => asked() > askedBefore + 10 && load.asked() > loadBefore + 100, third.said)
    await load.stop()
    expect(load.failures(), deployment.said()).toEqual({})
    leaving?.start()
    await until('it is back', () => leaving !== undefined && allReady([leaving]))
    lead('users', [1, 2])
    await pause(untilFoundMs)
    expect(await third.end()).toBe(0)
  })

  const restarting = 'loses no request, and makes no change twice, while every process is restarted under load'
  const measured: (...story: Parameters<typeof it>) => void = requestsWanted > 0 ? it : () => {}
  measured(restarting, patience, async () => {
    const { url, places } = deployment
    const asAda = bearer(ada.accessToken)
    const me = '{ me { id email sessions { id } apiKeys { id name } } }'
    const questions = [
      ...Array.from({ length: 8 }, () => ({ credential: asAda, query: me })),
      { credential: apiKey(key.secret), query: '{ me { id email } }' },
      {
        credential: asAda,
        query: `mutation { updateApiKey(input: {id: "${key.apiKey.id}", name: "r"}) { apiKey { id } } }`,
      },
    ]
    const { version } = (await ask(url, asAda, '{ me { version } }')).data.me
    const profile = profileChain(ada, version)
    const chains = [profile, sessionChain(ada)]
    const probes = keepProbing(url)
    const load = keepAsking({ url, questions, chains, ...pace })
    const restarts = await restartUntil(places, () => load.asked() >= requestsWanted)
    await load.stop()
    const heard = await probes.stop()
    console.log(
      `${load.asked()} requests, ${restarts} restarts of ${places.length} processes, failed:`,
      load.failures(),
    )
    expect(load.failures(), deployment.said()).toEqual({})
    expect(heard).toEqual([])
    expect((await ask(url, asAda, '{ me { version } }')).data.me.version).toBe(version + profile.made())
  })
})

/** Each change names the version that the one before gave: with one that was lost or made twice the next is a CONFLICT. */
function profileChain({ accessToken }: SignedIn, version: number) {
  let made = 0
  return {
    credential: bearer(accessToken),
    next: () => `mutation { updateProfile(input: {displayName: "Ada", version: ${version + made}}) { user { id } } }`,
    heard: () => {
      made += 1
    },
    made: () => made,
  }
}

/** Each refresh brings the token that the one before gave. */
function sessionChain({ refreshToken }: SignedIn): Chain {
  let token = refreshToken
  return {
    credential: nobody,
    next: () => `mutation { refreshSession(input: {refreshToken: "${token}"}) { ... on SignedIn { refreshToken } } }`,
    heard({ refreshSession }) {
      token = (refreshSession as Pick<SignedIn, 'refreshToken'>).refreshToken
    },
  }
}

/** First one replica of everything and then the other, as an orchestrator does; where more is wanted, one process after the other. */
async function restartUntil(places: readonly Place[], isEnough: () => boolean): Promise<number> {
  const halves = [1, 2].map((replica) => places.filter((place) => place.replica === replica))
  const singly = places.map((place) => [place])
  let restarts = 0
  for (let round = 0; restarts === 0 || !isEnough(); round += 1) {
    for (const some of round % 2 === 0 ? halves : singly) {
      await restart(some)
      restarts += some.length
      if (some.some(({ name }) => name === 'gateway') && some !== halves[1]) await pause(untilTakenBackMs)
    }
    if (!isEnough()) await pause(untilTakenBackMs)
  }
  return restarts
}

/** What is said to be true for no time is asked for once a second. */
const untilFoundMs = 1_500

/** nginx counts whole seconds. */
const untilTakenBackMs = (failTimeoutSeconds + 2) * 1_000

async function restart(places: readonly Place[]): Promise<void> {
  const startedMs = performance.now()
  const codes = await Promise.all(places.map((place) => place.end()))
  expect(codes).toEqual(places.map(() => 0))
  expect(performance.now() - startedMs).toBeGreaterThan(drainSeconds * 1_000)
  // The gateway last: it is not whole before the others are.
  for (const place of [...places].reverse()) {
    place.start()
    await until(`${place.name} is back`, () => allReady([place]), place.said)
  }
}
