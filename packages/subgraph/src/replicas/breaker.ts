/** A subgraph that fails whoever asks is left alone for a moment: nobody waits for what will not come. */
import { secondMs } from '@latchkey/clock'

export interface Breaker {
  /** How long it is left alone yet, in milliseconds; 0: it may be asked. After a pause one may ask, and the others wait for what becomes of it. */
  closedForMs(): number
  answered(): void
  failed(): void
}

/** Without an answer in between. */
const failuresMax = 20
const pauseMs = 250
/** Whoever comes back is asked again within this time. */
const pauseMsMax = 1 * secondMs

export function createBreaker(nowMs: () => number): Breaker {
  let failuresInARow = 0
  let pauses = 0
  let openAtMs = 0
  let isBeingTried = false
  return {
    closedForMs() {
      if (failuresInARow < failuresMax) return 0
      const leftMs = openAtMs - nowMs()
      if (leftMs > 0) return leftMs
      // This one finds out. Should it never be heard of again, another one does after as long.
      openAtMs = nowMs() + pauseMsMax
      isBeingTried = true
      return 0
    },
    answered() {
      failuresInARow = 0
      pauses = 0
      openAtMs = 0
      isBeingTried = false
    },
    failed() {
      failuresInARow += 1
      // Those who were under way when it broke tell nothing new.
      if (failuresInARow < failuresMax || (openAtMs > nowMs() && !isBeingTried)) return
      isBeingTried = false
      openAtMs = nowMs() + Math.min(pauseMs * 2 ** pauses, pauseMsMax)
      pauses += 1
    },
  }
}
