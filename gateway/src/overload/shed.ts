/** What is more than a process can answer is refused before anything is done with it, the least important first. */
import { performance } from 'node:perf_hooks'
import { secondMs } from '@latchkey/clock'
import { problems } from '@latchkey/problem'
import { countOf, gaugeOf } from '@latchkey/telemetry/metrics'
import { isRecord } from '../http/request-body.ts'
import { type Arrival, createLimit, lookEveryMs } from './limit.ts'
import { type Ranked, rankOf } from './rank.ts'
import { type Connection, createRests, restMsMax } from './rests.ts'
import { createTurns } from './turns.ts'

const shed = countOf('latchkey_requests_shed_total', 'Requests refused because the process is overloaded, by rank.', [
  'rank',
])

/** What is told of a refusal. It must cost next to nothing, and none is logged. */
export interface TooMuch {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const tooMuchFor = (seconds: number): TooMuch => ({
  status: problems.UNAVAILABLE.status,
  headers: { 'retry-after': String(seconds) },
  body: JSON.stringify({
    errors: [
      { message: problems.UNAVAILABLE.message, extensions: { code: 'UNAVAILABLE', retryAfterMs: seconds * secondMs } },
    ],
  }),
})

/** By how many seconds are to be waited. */
const tooMuch: readonly TooMuch[] = Array.from({ length: restMsMax / secondMs }, (_, at) => tooMuchFor(at + 1))
const longest = tooMuchFor(restMsMax / secondMs)

/** What is to be done with an operation: answer it, or give a router what it needs to answer it. */
export type Doing = 'answer' | 'exchange'

export interface Shedding {
  /**
   * `null`: there is more than it can do, and it is to be refused. Else it is to be called when the request is answered.
   * `asked` is the body of a request, or the members of its URL.
   */
  begin(asked: unknown, addressOf: () => string, doing?: Doing): (() => void) | null
  /** Has it written that there is too much, and lets the connection rest; it is to be closed where whoever asks does not wait for answers. */
  refuse(connection: Connection, write: (answer: TooMuch, then: 'keep' | 'close') => void): void
  /** Nobody rests any more. */
  close(): void
}

const nothing = () => {}

export const notShedding: Shedding = {
  begin: () => nothing,
  refuse: (_connection, write) => write(tooMuchFor(1), 'keep'),
  close: nothing,
}

export interface SheddingDependencies {
  /** What is prepared already. */
  readonly find: (query: string, operationName: string | undefined) => Ranked | undefined
  /** Told of whoever was refused. */
  readonly onShed: () => void
}

export function createShedding({ find, onShed }: SheddingDependencies): Shedding {
  const currentMs = () => performance.now()
  const limit = createLimit(currentMs)
  const rests = createRests(currentMs)
  const turns = createTurns()
  gaugeOf('latchkey_requests_at_once_max', 'How many requests are worked on at once; more are refused.', limit.current)
  gaugeOf(
    'latchkey_connections_resting',
    'Connections that are not read for a while because somebody was refused on them.',
    () => rests.count,
  )
  const rankings = { answer: createRanking(find, unknown), exchange: createRanking(find, untold) }
  let [before, lookedAtMs] = [performance.eventLoopUtilization(), performance.now()]
  const looking = setInterval(() => {
    const [now, nowMs] = [performance.eventLoopUtilization(), performance.now()]
    const busy = performance.eventLoopUtilization(now, before).utilization
    limit.look({ sinceMs: nowMs - lookedAtMs, busy })
    rests.look(turns.look(nowMs - lookedAtMs, rests.count))
    before = now
    lookedAtMs = nowMs
  }, lookEveryMs).unref()
  return {
    begin(asked, addressOf, doing = 'answer') {
      const { rank, operation } = rankings[doing](asked)
      const end = limit.begin({ rank, addressOf, operation })
      if (!end) {
        shed.add({ rank })
        onShed()
      }
      return end
    },
    refuse(connection, write) {
      const begunMs = currentMs()
      const then = rests.begin(connection) ? 'keep' : 'close'
      const answer = tooMuch[Math.floor(turns.restMsOf(rests.count) / secondMs)] ?? longest
      write(answer, then)
      turns.refused(currentMs() - begunMs)
    },
    close() {
      clearInterval(looking)
      rests.close()
    },
  }
}

type Asked = Pick<Arrival, 'rank' | 'operation'>

const unknown: Asked = { rank: 'unknown', operation: undefined }
/** By a hash alone: its text is not known here, and nothing has to be parsed for it. */
const byHash: Asked = { rank: 'usual', operation: undefined }
/** An exchange for an operation that the router does not tell: it may be any, and nothing has to be parsed. */
const untold: Asked = { rank: 'usual', operation: {} }

/** By its text alone: nothing that a client says of its request counts. `textless`: what has neither text nor hash. */
function createRanking(find: SheddingDependencies['find'], textless: Asked): (asked: unknown) => Asked {
  const known = new WeakMap<Ranked, Asked>()
  function remember(operation: Ranked): Asked {
    // Not the operation itself: an exchange for it takes less long than its answer, and neither tells how long the other waits.
    const asked = { rank: rankOf(operation), operation: {} }
    known.set(operation, asked)
    return asked
  }
  return (asked) => {
    if (!isRecord(asked)) return unknown
    const { query, operationName, extensions } = asked
    if (typeof query !== 'string' || query === '') return extensions ? byHash : textless
    const operation = find(query, typeof operationName === 'string' ? operationName || undefined : undefined)
    return operation ? (known.get(operation) ?? remember(operation)) : unknown
  }
}
