/** What is left of a request's time once a subgraph could not answer: nobody else is waited for as long again. */
import { Problem } from '@latchkey/problem'
import type { SubgraphRequest, SubgraphResponse, SubgraphTransport } from '@latchkey/subgraph/transport'
import type { Faults } from './faults.ts'
import type { Run } from './run.ts'

/** Whatever is missing from an answer, the rest of it comes within this time. */
const answerWithinMs = 400
/** Whoever is well is quicker, however much of the time is gone. */
const leastMs = 100
/** A change is never cut short, so it is not begun either where as long again would be too long. */
const beginWithinMs = 200

/** Asks as ever while everybody answered; a subgraph's own refusals are answers. */
export function askInWhatIsLeft(
  run: Run,
  question: SubgraphRequest,
  transport: SubgraphTransport,
): Promise<SubgraphResponse> {
  if (!run.faults || !isSomebodyAway(run.faults)) return transport(question)
  const nowMs = performance.now()
  run.untilMs ??= Math.max(run.startedMs + answerWithinMs, nowMs + leastMs)
  return askWithin(run.untilMs - nowMs, question, transport)
}

/** As ever, unless a change before it in the same request was waited for in vain: then it is UNAVAILABLE, and was not begun. */
export function changeInWhatIsLeft(
  run: Run,
  question: SubgraphRequest,
  transport: SubgraphTransport,
): Promise<SubgraphResponse> {
  const isLate = performance.now() - run.startedMs > beginWithinMs
  if (!isLate || !run.faults || !isSomebodyAway(run.faults)) return transport(question)
  return Promise.reject(new Problem('UNAVAILABLE', "a change before it has used up the request's time"))
}

function isSomebodyAway({ missing, located, general }: Faults): boolean {
  const isAway = ({ extensions }: Faults['general'][number]) => extensions?.code === 'UNAVAILABLE'
  if (general.some(isAway) || located.some(({ fault }) => isAway(fault))) return true
  return [...missing.values()].some((fields) => [...fields.values()].some(isAway))
}

function askWithin(ms: number, question: SubgraphRequest, transport: SubgraphTransport): Promise<SubgraphResponse> {
  const tooLate = () => new Problem('UNAVAILABLE', "no answer in what was left of the request's time")
  if (ms <= 0) return Promise.reject(tooLate())
  const leaving = new AbortController()
  const signal = question.signal ? AbortSignal.any([question.signal, leaving.signal]) : leaving.signal
  return new Promise((resolve, reject) => {
    const leave = () => {
      reject(tooLate())
      leaving.abort()
    }
    // Where this process stood still the answer may be there: sockets are read before what is set here runs.
    const timer = setTimeout(() => setImmediate(leave), ms)
    transport({ ...question, signal })
      .then(resolve, reject)
      .finally(() => clearTimeout(timer))
  })
}
