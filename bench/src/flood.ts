/** A flood of wrong sign-ins: what it costs in memory, what is refused, and how long others wait meanwhile. Figures, no goal. */
import { setTimeout as pause } from 'node:timers/promises'
import { memoryOf } from './memory.ts'
import { type Caller, startSystem } from './system.ts'

export interface Flood {
  readonly question: string
  /** How often each answer came: an outcome, or the code of a refusal. */
  readonly answers: Readonly<Record<string, number>>
  /** Until all of a flood were answered, in the median. */
  readonly answeredMs: number
  readonly memoryMB: { readonly before: number; readonly most: number; readonly after: number }
  /** Milliseconds that `me` took. */
  readonly alone: Latency
  readonly meanwhile: Latency
}

interface Latency {
  readonly asked: number
  readonly refused: number
  readonly p50: number
  readonly p99: number
  readonly most: number
}

const name = 'embedded, me beside 300 wrong sign-ins at once'
const floods = 5
const signInsAtOnce = 300
const askEveryMs = 10

const signIn = `mutation ($input: SignInInput!) { signIn(input: $input) { __typename } }`

async function post(url: string, body: object, headers: Record<string, string> = {}) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  return (await response.json()) as {
    data?: { signIn?: { __typename: string } | null } | null
    errors?: { extensions: { code: string } }[]
  }
}

const at = (sorted: readonly number[], share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN

function latencyOf(tookMs: readonly number[], refused = 0): Latency {
  const sorted = [...tookMs].sort((a, b) => a - b)
  return { asked: sorted.length, refused, p50: at(sorted, 0.5), p99: at(sorted, 0.99), most: at(sorted, 1) }
}

/** Asks `me` at a steady pace, whether answers come or not, until told to stop. */
function askSteadily(url: string, callers: readonly Caller[]) {
  const asked: Promise<number>[] = []
  let refused = 0
  const askOnce = async (caller: Caller | undefined) => {
    const begunMs = performance.now()
    const { errors } = await post(
      url,
      { query: '{ me { id email } }' },
      { authorization: `Bearer ${caller?.accessToken}` },
    )
    if (errors) refused += 1
    return performance.now() - begunMs
  }
  const timer = setInterval(() => asked.push(askOnce(callers[asked.length % callers.length])), askEveryMs)
  return async (): Promise<Latency> => {
    clearInterval(timer)
    return latencyOf(await Promise.all(asked), refused)
  }
}

async function flood(url: string, answers: Record<string, number>): Promise<number> {
  const begunMs = performance.now()
  await Promise.all(
    Array.from({ length: signInsAtOnce }, async (_, index) => {
      const input = { email: `caller${index % 64}@example.com`, password: 'not the password at all' }
      const { data, errors } = await post(url, { query: signIn, variables: { input } })
      const answer = data?.signIn?.__typename ?? errors?.[0]?.extensions.code ?? 'no answer'
      answers[answer] = (answers[answer] ?? 0) + 1
    }),
  )
  return performance.now() - begunMs
}

/** `null` when it was not asked for. */
export async function askFlood(words: readonly string[]): Promise<Flood | null> {
  if (!words.every((word) => name.includes(word))) return null
  const system = await startSystem('embedded')
  try {
    const [pid = 0] = system.pids
    const stopAlone = askSteadily(system.url, system.callers)
    await pause(5_000)
    const alone = await stopAlone()
    const before = memoryOf(pid).nowMB
    const answers: Record<string, number> = {}
    const tookMs: number[] = []
    const stopMeanwhile = askSteadily(system.url, system.callers)
    for (let round = 0; round < floods; round++) tookMs.push(await flood(system.url, answers))
    const meanwhile = await stopMeanwhile()
    await pause(2_000)
    const { nowMB: after, mostMB: most } = memoryOf(pid)
    return {
      question: name,
      answers,
      answeredMs: latencyOf(tookMs).p50,
      memoryMB: { before, most, after },
      alone,
      meanwhile,
    }
  } finally {
    await system.stop()
  }
}

const ms = ({ asked, refused, p50, p99, most }: Latency) =>
  `p50 ${p50.toFixed(1)}, p99 ${p99.toFixed(1)}, most ${most.toFixed(1)} ms; ${asked} asked, ${refused} refused`

export const linesOf = ({ question, answers, answeredMs, memoryMB, alone, meanwhile }: Flood): string =>
  [
    `\n${question}, ${floods} times over`,
    `  me alone                ${ms(alone)}`,
    `  me meanwhile            ${ms(meanwhile)}`,
    `  sign-ins                ${Object.entries(answers)
      .map(([answer, times]) => `${times} ${answer}`)
      .join(', ')}; ${answeredMs.toFixed(0)} ms until the last of 300`,
    `  memory of the process   ${memoryMB.before.toFixed(0)} MB before, ${memoryMB.most.toFixed(0)} at most, ${memoryMB.after.toFixed(0)} after`,
  ].join('\n')
