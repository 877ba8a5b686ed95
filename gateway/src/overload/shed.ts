/** What is more than a process can answer is refused before anything is done with it, the least important first. */
import { problems } from '@latchkey/problem'
import { countOf, gaugeOf } from '@latchkey/telemetry/metrics'
import type { GraphQLRequest, Pipeline } from '../pipeline.ts'
import type { Answer } from '../respond/respond.ts'
import { createLimit, lookEveryMs, retryAfterMs } from './limit.ts'
import { type Ranked, rankOf } from './rank.ts'

const shed = countOf('latchkey_requests_shed_total', 'Requests refused because the process is overloaded, by rank.', [
  'rank',
])

/** It is the same for all of them: a refusal must cost next to nothing, and none is logged. */
const refusal: Answer = {
  status: problems.UNAVAILABLE.status,
  headers: { 'retry-after': String(retryAfterMs / 1_000) },
  result: {
    errors: [{ message: problems.UNAVAILABLE.message, extensions: { code: 'UNAVAILABLE', retryAfterMs } }],
  },
}

export interface Shedding {
  /** The same pipeline; it answers UNAVAILABLE with `retryAfterMs` at once while there is more than it can do. */
  readonly over: (pipeline: Pipeline) => Pipeline
  close(): void
}

export const notShedding: Shedding = { over: (pipeline) => pipeline, close: () => {} }

/** `find` gives what is prepared already. */
export function createShedding(
  find: (request: Pick<GraphQLRequest, 'query' | 'operationName'>) => Ranked | undefined,
): Shedding {
  const limit = createLimit()
  gaugeOf('latchkey_requests_at_once_max', 'How many requests are worked on at once; more are refused.', limit.current)
  let lookedAtMs = performance.now()
  const looking = setInterval(() => {
    const nowMs = performance.now()
    limit.look(nowMs - lookedAtMs - lookEveryMs)
    lookedAtMs = nowMs
  }, lookEveryMs).unref()
  return {
    over: (pipeline) => async (request) => {
      const rank = rankOf(find(request))
      const end = limit.begin(rank)
      if (!end) {
        shed.add({ rank })
        return refusal
      }
      try {
        return await pipeline(request)
      } finally {
        end()
      }
    },
    close: () => clearInterval(looking),
  }
}
