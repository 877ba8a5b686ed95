/** The queue before the hash: as many at once as there are cores, a bounded number waiting, the rest refused at once. */
import { Problem } from '@latchkey/problem'

export interface HashingLimits {
  /** How many hashes run at the same time. */
  readonly parallel: number
  /** How many may wait for their turn. */
  readonly queueMax: number
}

export interface HashingQueue {
  /** Runs the task when its turn comes. Rejects with UNAVAILABLE and `retryAfterMs` when the queue is full. */
  run<Result>(task: () => Promise<Result>): Promise<Result>
}

/** About what one hash takes on a slow core. */
const hashMs = 50
/** A place becomes free long before the whole queue is through. */
const retryAfterMsMax = 2_000

export function createHashingQueue({ parallel, queueMax }: HashingLimits): HashingQueue {
  const waiting: (() => void)[] = []
  let running = 0
  const full = () =>
    new Problem('UNAVAILABLE', `${running} hashes running, ${waiting.length} waiting`, {
      retryAfterMs: Math.min(Math.ceil((hashMs * (queueMax + 1)) / parallel), retryAfterMsMax),
    })

  async function turn(): Promise<void> {
    if (running < parallel) {
      running += 1
      return
    }
    if (waiting.length >= queueMax) throw full()
    // The one that finishes hands its place over, so `running` does not change in between.
    await new Promise<void>((resolve) => waiting.push(resolve))
  }

  function leave(): void {
    const next = waiting.shift()
    if (next) next()
    else running -= 1
  }

  return {
    async run(task) {
      await turn()
      try {
        return await task()
      } finally {
        leave()
      }
    },
  }
}
