/** Five times what a house can do, for a minute: what it answers, who is answered meanwhile, and how soon it is as before. */
import { setTimeout as pause } from 'node:timers/promises'
import { sendCrowd } from './overload/crowds.ts'
import { type Answered, probe, sessionsToRevoke, timed } from './overload/probes.ts'
import type { Tally } from './overload/tally.ts'
import { loopLateMs, type Seen, setApart, watch } from './overload/watch.ts'
import { type System, startSystem, type Topology } from './system.ts'

const nameOf = (topology: Topology) => `overload, ${topology}, five times capacity`
const times = 5
const seconds = Number(process.env.LATCHKEY_BENCH_SECONDS ?? 60)
const warmSeconds = 15
/** Of the crowd: an answer after that is no good to anybody, and whoever has none by then leaves. */
const [deadlineMs, patienceMs] = [1_000, 5_000]
/** What balancers keep to one process; a crowd of people, of whom each has one, is measured with more. */
const connections = Number(process.env.LATCHKEY_BENCH_CONNECTIONS ?? 512)

/** Of the rank that is refused before `me`, signing in and revoking: four subgraphs' worth of a page. */
const usual = '{ scopes { name } me { id email sessions { id device createdAt } apiKeys { id name scopes } } }'

const requestsOf = ({ callers }: System) =>
  callers.map(({ accessToken }) => ({
    headers: { 'content-type': 'application/json', authorization: `Bearer ${accessToken}` },
    body: JSON.stringify({ query: usual }),
  }))

const share = (values: readonly number[], part: number) =>
  [...values].sort((one, other) => one - other)[Math.floor((values.length - 1) * part)] ?? Number.NaN

const ms = (value: number) => `${value.toFixed(0)} ms`

function told(what: string, answers: readonly Answered[]): string {
  const tookMs = answers.filter(({ outcome }) => outcome === 'OK').map((answer) => answer.tookMs)
  const others = new Set(answers.map(({ outcome }) => outcome).filter((outcome) => outcome !== 'OK'))
  const rest = others.size > 0 ? `; the others ${[...others].join(', ')}` : ''
  return `  ${what.padEnd(24)}${tookMs.length} of ${answers.length}, p50 ${ms(share(tookMs, 0.5))}, p99 ${ms(share(tookMs, 0.99))}${rest}`
}

const calmAsks = 100
const pauseMs = 20

/** What the slowest of a hundred took, while nothing else is asked. */
async function calmMs(askOnce: () => Promise<Answered>): Promise<number> {
  const tookMs: number[] = []
  while (tookMs.length < calmAsks) {
    tookMs.push((await askOnce()).tookMs)
    await pause(pauseMs)
  }
  return share(tookMs, 0.99)
}

/** The seconds until a whole second passes in which all are answered, in no more than twice the time of the slowest before. */
async function untilAsBefore(askOnce: () => Promise<Answered>, beforeMs: number): Promise<number> {
  const begunMs = performance.now()
  let wellSinceMs = begunMs
  for (;;) {
    const { outcome, tookMs } = await askOnce()
    const nowMs = performance.now()
    if (outcome !== 'OK' || tookMs > Math.max(2 * beforeMs, 20)) wellSinceMs = nowMs
    if (nowMs - wellSinceMs > 1_000 || nowMs - begunMs > 60_000) return (wellSinceMs - begunMs) / 1_000
    await pause(pauseMs)
  }
}

const perSecond = (count: number, tally: Tally) => count / tally.seconds

function crowdTold(capacity: number, crowd: Tally): readonly string[] {
  const { outcomes, offered, notOffered, goodMs, refusedMs } = crowd
  const due = perSecond(offered + notOffered, crowd)
  const goodput = perSecond(outcomes.good, crowd)
  const { late, refused, refusedWithoutRetryAfter, failed, left, lost } = outcomes
  return [
    `  capacity                ${capacity.toFixed(0)} a second`,
    `  due                     ${due.toFixed(0)} a second, ${(due / capacity).toFixed(1)} times that`,
    `  sent                    ${perSecond(offered, crowd).toFixed(0)} a second; ${notOffered} were due while each of ${crowd.connections} connections waited for an answer`,
    `  goodput                 ${goodput.toFixed(0)} a second: ${((goodput / capacity) * 100).toFixed(0)} % of capacity; p50 ${ms(goodMs.p50)}, p99 ${ms(goodMs.p99)}`,
    `  refused                 ${refused} with Retry-After, ${refusedWithoutRetryAfter} without; p50 ${ms(refusedMs.p50)}, p99 ${ms(refusedMs.p99)}`,
    `  neither                 ${late} after more than ${ms(deadlineMs)}, ${left} gave up after ${ms(patienceMs)}, ${failed} failed, ${lost} lost their connection`,
  ]
}

const seenTold = ({ memoryMB, othersMB, acceptQueue }: Seen, lateMs: number): readonly string[] => [
  `  memory of the gateway   ${memoryMB.before.toFixed(0)} MB before, ${memoryMB.most.toFixed(0)} at most; of any other process ${othersMB.toFixed(0)}`,
  `  waiting to be accepted  ${acceptQueue} connections at most; the event loop was late by ${ms(lateMs)} (p99)`,
]

async function measure(topology: Topology, system: System): Promise<readonly string[]> {
  const { url, callers } = system
  const doomed = await sessionsToRevoke(system, seconds)
  const apart = setApart(system)
  const closed = { url, requests: requestsOf(system), deadlineMs, patienceMs, connections: 32, rate: null }
  await sendCrowd({ ...closed, seconds: warmSeconds })
  const alone = await sendCrowd({ ...closed, seconds: Math.min(10, seconds) })
  const capacity = perSecond(alone.outcomes.good, alone)
  const askOnce = () => timed(url, { query: usual }, callers[0]?.accessToken)
  const beforeMs = await calmMs(askOnce)
  await loopLateMs(system)
  const stopWatching = watch(system)
  const stopProbing = probe(system, doomed)
  const crowd = await sendCrowd({ ...closed, seconds, connections, rate: capacity * times })
  const lateMs = await loopLateMs(system)
  const { me, signIns, revocations } = await stopProbing()
  const wellAfter = await untilAsBefore(askOnce, beforeMs)
  return [
    `\n${nameOf(topology)}, ${seconds} s${apart ? ', the house with its stores on one core' : ''}`,
    ...crowdTold(capacity, crowd),
    told('me meanwhile', me),
    told('sign-ins meanwhile', signIns),
    told('revocations meanwhile', revocations),
    ...seenTold(stopWatching(), lateMs),
    `  as before after         ${wellAfter.toFixed(1)} s`,
  ]
}

/** Lines; none when it was not asked for. */
export async function askOverload(words: readonly string[]): Promise<readonly string[]> {
  const lines: string[] = []
  for (const topology of ['distributed', 'embedded'] as const) {
    if (words.length === 0 || !words.every((word) => nameOf(topology).includes(word))) continue
    const system = await startSystem(topology, { LATCHKEY_OVERLOAD: 'shed' })
    try {
      lines.push(...(await measure(topology, system)))
    } finally {
      await system.stop()
    }
  }
  return lines
}
