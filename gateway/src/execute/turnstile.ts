/** A turnstile: of the changes that arrive at once only a few begin in one turn of the event loop, so that reads pass between them. */
import { Problem } from '@latchkey/problem'

/**
 * Begins the work when its turn comes: at once where few arrive, in the order of arrival where many do. None is lost. Rejects with
 * UNAVAILABLE where too many wait, and for whoever has gone before their turn, who does not hear it: then nothing was begun.
 */
export type Turnstile = <Result>(work: () => Promise<Result>, signal: AbortSignal) => Promise<Result>

interface Waiting {
  readonly signal: AbortSignal
  readonly begin: () => void
  readonly leave: (reason: Problem) => void
}

/** Of those who wait, at least this part begins in a turn: however many come, nobody waits for ever. */
const leastPart = 1 / 64

export interface TurnstileTerms {
  /** How many begin in one turn while few wait. */
  readonly perTurn: number
  /** How many may wait. */
  readonly waitingMax: number
}

/** The queue is shorter by then: it moves with every turn. */
const retryAfterMs = 1_000

export function createTurnstile({ perTurn, waitingMax }: TurnstileTerms): Turnstile {
  let waiting: Waiting[] = []
  let begunThisTurn = 0

  /** The check phase comes after whatever has arrived meanwhile was taken up. */
  function count(): void {
    begunThisTurn += 1
    if (begunThisTurn === 1) setImmediate(letIn)
  }

  function letIn(): void {
    begunThisTurn = 0
    const most = Math.max(perTurn, Math.ceil(waiting.length * leastPart))
    let at = 0
    while (at < waiting.length && begunThisTurn < most) {
      const next = waiting[at++]
      if (next?.signal.aborted) next.leave(new Problem('UNAVAILABLE', 'the client left before its turn'))
      else {
        count()
        next?.begin()
      }
    }
    waiting = waiting.slice(at)
  }

  function wait(signal: AbortSignal): Promise<void> {
    if (waiting.length >= waitingMax)
      throw new Problem('UNAVAILABLE', `${waitingMax} changes wait for their turn`, { retryAfterMs })
    return new Promise<void>((begin, leave) => waiting.push({ signal, begin, leave }))
  }

  return async (work, signal) => {
    if (waiting.length > 0 || begunThisTurn >= perTurn) await wait(signal)
    else count()
    return work()
  }
}
