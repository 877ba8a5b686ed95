/** One after the other, in the order of arrival. */
import { Problem } from '@latchkey/problem'

/** Rejects with UNAVAILABLE where too many wait; otherwise with whatever the work rejects with. */
export type InTurn = <Result>(work: () => Promise<Result>) => Promise<Result>

const retryAfterMs = 1_000

export function oneAtATime(waitingMax: number): InTurn {
  let waiting = 0
  let last: Promise<unknown> = Promise.resolve()
  return async (work) => {
    if (waiting >= waitingMax) throw new Problem('UNAVAILABLE', `${waitingMax} wait already`, { retryAfterMs })
    waiting += 1
    const mine = last.then(work).finally(() => {
      waiting -= 1
    })
    last = mine.catch(() => {})
    return mine
  }
}
