/** Five times what a gateway can do, for a minute: what it answers, who is answered meanwhile, and how soon it is as before. */
import { setTimeout as pause } from 'node:timers/promises'
import autocannon from 'autocannon'
import { password, type System, startSystem } from './system.ts'

const name = 'overload, embedded, five times capacity'
const times = 5
const seconds = Number(process.env.LATCHKEY_BENCH_SECONDS ?? 60)
const connections = 400

/** Of the rank that is refused before `me`, signing in and revoking. */
const usual = '{ scopes { name } me { id email sessions { id device } apiKeys { id name scopes } } }'

interface Answered {
  readonly status: number
  readonly tookMs: number
}

async function post(url: string, query: string, accessToken: string): Promise<Answered> {
  const begunMs = performance.now()
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${accessToken}` },
    body: JSON.stringify({ query }),
  })
  const { errors } = (await response.json()) as { errors?: unknown }
  return { status: errors && response.status === 200 ? 500 : response.status, tookMs: performance.now() - begunMs }
}

const requestsOf = ({ callers }: System) =>
  callers.map(({ accessToken }) => ({
    method: 'POST' as const,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${accessToken}` },
    body: JSON.stringify({ query: usual }),
  }))

/** Sessions to be revoked meanwhile: by the person, from another one. */
async function sessionsToRevoke(system: System, count: number): Promise<readonly string[]> {
  const ids: string[] = []
  for (let number = 0; number < count; number++) {
    const query = `mutation { signIn(input: {email: "caller${number % system.callers.length}@example.com", password: "${password}"}) { ... on SignedIn { session { id } } } }`
    const response = await fetch(system.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    })
    const { data } = (await response.json()) as { data: { signIn: { session: { id: string } } } }
    ids.push(data.signIn.session.id)
  }
  return ids
}

/** Asks at a steady pace until told to stop. */
function askSteadily(everyMs: number, askOnce: (at: number) => Promise<Answered>) {
  const asked: Promise<Answered>[] = []
  const timer = setInterval(() => asked.push(askOnce(asked.length)), everyMs)
  return async (): Promise<readonly Answered[]> => {
    clearInterval(timer)
    return Promise.all(asked)
  }
}

const share = (values: readonly number[], part: number) =>
  [...values].sort((one, other) => one - other)[Math.floor((values.length - 1) * part)] ?? Number.NaN

function told(what: string, answers: readonly Answered[]): string {
  const good = answers.filter(({ status }) => status === 200)
  const tookMs = good.map((answer) => answer.tookMs)
  const times = `p50 ${share(tookMs, 0.5).toFixed(0)} ms, p99 ${share(tookMs, 0.99).toFixed(0)} ms`
  return `  ${what.padEnd(24)}${good.length} of ${answers.length} answered, ${times}`
}

/** The seconds until a whole second passes in which all are answered, in no more than twice the time as before. */
async function untilAsBefore(askOnce: () => Promise<Answered>, beforeMs: number): Promise<number> {
  const begunMs = performance.now()
  let wellSinceMs = begunMs
  for (;;) {
    const { status, tookMs } = await askOnce()
    const nowMs = performance.now()
    if (status !== 200 || tookMs > Math.max(2 * beforeMs, 20)) wellSinceMs = nowMs
    if (nowMs - wellSinceMs > 1_000 || nowMs - begunMs > 60_000) return (wellSinceMs - begunMs) / 1_000
    await pause(20)
  }
}

/** Lines; none when it was not asked for. */
export async function askOverload(words: readonly string[]): Promise<readonly string[]> {
  if (words.length === 0 || !words.every((word) => name.includes(word))) return []
  const system = await startSystem('embedded', { LATCHKEY_OVERLOAD: 'shed' })
  try {
    const { url, callers } = system
    const requests = requestsOf(system)
    const ids = await sessionsToRevoke(system, seconds)
    const tokenOf = (at: number) => callers[at % callers.length]?.accessToken ?? ''
    await autocannon({ url, connections: 32, duration: 3, requests })
    const alone = await autocannon({ url, connections: 32, duration: Math.min(10, seconds), requests })
    const capacity = alone['2xx'] / alone.duration
    const calm = await Promise.all(Array.from({ length: 20 }, (_, at) => post(url, usual, tokenOf(at))))
    const beforeMs = share(
      calm.map(({ tookMs }) => tookMs),
      0.5,
    )
    const stopMe = askSteadily(100, (at) => post(url, '{ me { id email } }', tokenOf(at)))
    const stopRevoking = askSteadily(1_000, (at) =>
      post(url, `mutation { revokeSession(id: "${ids[at] ?? ''}") { sessionId } }`, tokenOf(at)),
    )
    const overallRate = Math.round(capacity * times)
    // In a thread of its own: what is asked beside it is not to wait for it.
    const crowd = await autocannon({ url, connections, duration: seconds, overallRate, requests, workers: 1 })
    const [me, revoked] = [await stopMe(), await stopRevoking()]
    const wellAfter = await untilAsBefore(() => post(url, usual, tokenOf(0)), beforeMs)
    const goodput = crowd['2xx'] / crowd.duration
    return [
      `\n${name}, ${seconds} s`,
      `  capacity                ${capacity.toFixed(0)} a second`,
      `  asked                   ${(crowd.requests.total / crowd.duration).toFixed(0)} a second (${overallRate} wanted), by ${connections} connections`,
      `  answered                ${goodput.toFixed(0)} a second: ${((goodput / capacity) * 100).toFixed(0)} % of capacity; refused ${crowd.non2xx}, lost ${crowd.errors}`,
      told('me meanwhile', me),
      told('revocations meanwhile', revoked),
      `  as before after         ${wellAfter.toFixed(1)} s`,
    ]
  } finally {
    await system.stop()
  }
}
