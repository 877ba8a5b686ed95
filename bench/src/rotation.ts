/** Signing keys replaced under load: by schedule nobody may notice; in an emergency everybody refreshes. Figures, no goal. */
import { setTimeout as pause } from 'node:timers/promises'
import { operate, withDatabaseOf } from './stores.ts'
import { type Caller, password, type System, startSystem } from './system.ts'

const name = 'signing keys replaced under load'
const askEveryMs = 10
const signInEveryMs = 250
/** A process looks for what is due every minute, and reads the keys again every minute. */
const minuteMs = 60_000

interface Tally {
  checks: number
  signIns: number
  /** How often each code came. */
  readonly refusals: Record<string, number>
}

interface Pair {
  readonly accessToken: string
  readonly refreshToken: string
}

const check = { query: '{ session { id } }' }
const pair = '... on SignedIn { accessToken refreshToken }'
const signIn = `mutation ($input: SignInInput!) { signIn(input: $input) { ${pair} } }`
const refresh = `mutation ($input: RefreshSessionInput!) { refreshSession(input: $input) { ${pair} } }`

async function post(url: string, body: object, accessToken?: string) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(accessToken && { authorization: `Bearer ${accessToken}` }) },
    body: JSON.stringify(body),
  })
  return (await response.json()) as {
    data?: { signIn?: Pair; refreshSession?: Pair }
    errors?: { extensions: { code: string } }[]
  }
}

const signingIn = ({ url }: System, number: number) =>
  post(url, { query: signIn, variables: { input: { email: `caller${number}@example.com`, password } } })

/** Checks old tokens and signs in anew at a steady pace, and checks each new token, until told to stop. */
function load(system: System, callers: readonly Pick<Caller, 'accessToken'>[]) {
  const tally: Tally = { checks: 0, signIns: 0, refusals: {} }
  const running = new Set<Promise<void>>()
  const run = (work: () => Promise<void>) => {
    const done = work().finally(() => running.delete(done))
    running.add(done)
  }
  const count = ({ errors = [] }: Awaited<ReturnType<typeof post>>) => {
    for (const { extensions } of errors) tally.refusals[extensions.code] = (tally.refusals[extensions.code] ?? 0) + 1
  }
  const ask = async (accessToken: string | undefined) => {
    tally.checks += 1
    count(await post(system.url, check, accessToken))
  }
  const begin = async () => {
    const answer = await signingIn(system, tally.signIns++ % system.callers.length)
    count(answer)
    if (answer.data?.signIn) await ask(answer.data.signIn.accessToken)
  }
  const timers = [
    setInterval(() => run(() => ask(callers[tally.checks % callers.length]?.accessToken)), askEveryMs),
    setInterval(() => run(begin), signInEveryMs),
  ]
  return async () => {
    for (const timer of timers) clearInterval(timer)
    await Promise.all(running)
    return tally
  }
}

const stateOf = (system: System, state: string): Promise<string | undefined> =>
  withDatabaseOf(system, async (database) => {
    const text = 'SELECT kid FROM sessions.signing_keys WHERE state = $1'
    return (await database.query<{ kid: string }>({ name: 'bench_signing_key', text }, [state]))[0]?.kid
  })

/** Half an hour passes for the key that is published. */
const letHalfAnHourPass = (system: System) =>
  withDatabaseOf(system, (database) => {
    const text = `UPDATE sessions.signing_keys SET published_at = published_at - interval '31 minutes' WHERE state = 'next'`
    return database.query({ name: 'bench_half_an_hour', text }, [])
  })

async function bySchedule(system: System): Promise<string> {
  const stop = load(system, system.callers)
  await operate(system, 'signing-keys', 'rotate')
  const next = await stateOf(system, 'next')
  await letHalfAnHourPass(system)
  for (let waitedMs = 0; (await stateOf(system, 'active')) !== next; waitedMs += 1_000) {
    if (waitedMs > 2 * minuteMs) throw new Error('the published key did not take over')
    await pause(1_000)
  }
  await pause(minuteMs + 10_000)
  const { checks, signIns, refusals } = await stop()
  return `by schedule: ${checks} checks and ${signIns} sign-ins; refused ${JSON.stringify(refusals)}`
}

/** Each person asks until their token is refused, refreshes, and asks again. */
async function inAnEmergency(system: System): Promise<string> {
  const people: Pair[] = []
  for (const number of system.callers.keys()) {
    const { data } = await signingIn(system, number)
    if (data?.signIn) people.push(data.signIn)
  }
  await operate(system, 'signing-keys', 'rotate', '--emergency')
  const begunMs = performance.now()
  let lost = 0
  const lastedMs = await Promise.all(
    people.map(async ({ accessToken, refreshToken }) => {
      while (!(await post(system.url, check, accessToken)).errors) await pause(250)
      const untilMs = performance.now() - begunMs
      const variables = { input: { refreshToken } }
      const next = (await post(system.url, { query: refresh, variables })).data?.refreshSession
      if (!next || (await post(system.url, check, next.accessToken)).errors) lost += 1
      return untilMs
    }),
  )
  const last = (Math.max(...lastedMs) / 1_000).toFixed(1)
  return `in an emergency: the last of ${people.length} old tokens worked for ${last} s; ${lost} could not refresh and go on`
}

/** Nothing when it was not asked for. */
export async function askRotation(words: readonly string[]): Promise<readonly string[]> {
  if (!words.every((word) => name.includes(word))) return []
  const system = await startSystem('embedded')
  try {
    return [name, `  ${await bySchedule(system)}`, `  ${await inAnEmergency(system)}`]
  } finally {
    await system.stop()
  }
}
