/** Measures two servers against each other: in turns, so that what else the machine does falls on both. */
import { readFileSync } from 'node:fs'
import autocannon from 'autocannon'

export interface Target {
  readonly name: string
  readonly url: string
  /** The processes whose time is counted. */
  readonly pids: readonly number[]
  /** Sent in turn. */
  readonly requests: readonly Asked[]
}

/** Posted, where there is a body. */
export interface Asked {
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Round {
  readonly requestsPerSecond: number
  /** Milliseconds. */
  readonly p99: number
  /** Microseconds of processor time that the target's processes spent on one request. */
  readonly cpuPerRequest: number
}

export interface Comparison {
  readonly question: string
  readonly floor: Round
  readonly ours: Round
  /** Ours over the floor, in requests a second: the median of the rounds' ratios. */
  readonly ratio: number
  readonly goal: number
}

const connectionsUsual = 64
const ticksPerSecond = 100

/** Processor time of a process so far, in microseconds. Zero where the system does not tell (`/proc` is Linux). */
function cpuOf(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
    return ((Number(fields[11]) + Number(fields[12])) * 1_000_000) / ticksPerSecond
  } catch {
    return 0
  }
}

export const cpuOfAll = (pids: readonly number[]) => pids.reduce((sum, pid) => sum + cpuOf(pid), 0)

/** Loads the target for `seconds`. Throws when any answer was not a 200: a figure made of refusals is worth nothing. */
export async function load(target: Target, seconds: number, connections: number): Promise<Round> {
  const before = cpuOfAll(target.pids)
  const requests = target.requests.map(({ headers, body }) =>
    body === undefined
      ? { method: 'GET' as const, headers: { ...headers } }
      : { method: 'POST' as const, headers: { ...headers }, body },
  )
  const run = await autocannon({ url: target.url, connections, duration: seconds, requests })
  const answered = run['2xx']
  if (run.non2xx > 0 || run.errors > 0 || answered === 0)
    throw new Error(`${target.name}: ${run.non2xx} refusals and ${run.errors} errors among ${answered} answers`)
  return {
    requestsPerSecond: run.requests.average,
    p99: run.latency.p99,
    cpuPerRequest: (cpuOfAll(target.pids) - before) / answered,
  }
}

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

const medianRound = (rounds: readonly Round[]): Round => ({
  requestsPerSecond: median(rounds.map((round) => round.requestsPerSecond)),
  p99: median(rounds.map((round) => round.p99)),
  cpuPerRequest: median(rounds.map((round) => round.cpuPerRequest)),
})

/** Warms both, then loads them in turns. */
export async function compare(
  question: string,
  {
    floor,
    ours,
    goal,
    rounds = 5,
    seconds = 3,
    connections = connectionsUsual,
  }: { floor: Target; ours: Target; goal: number; rounds?: number; seconds?: number; connections?: number },
): Promise<Comparison> {
  await load(floor, 1, connections)
  await load(ours, 3, connections)
  const pairs: { floor: Round; ours: Round }[] = []
  for (let round = 0; round < rounds; round++)
    pairs.push({ floor: await load(floor, seconds, connections), ours: await load(ours, seconds, connections) })
  return {
    question,
    floor: medianRound(pairs.map((pair) => pair.floor)),
    ours: medianRound(pairs.map((pair) => pair.ours)),
    ratio: median(pairs.map((pair) => pair.ours.requestsPerSecond / pair.floor.requestsPerSecond)),
    goal,
  }
}
