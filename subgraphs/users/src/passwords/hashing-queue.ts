/** The queue before the hash: as many at once as there are cores, a bounded wait, the rest refused at once. */
import { type Clock, secondMs } from '@latchkey/clock'
import { Problem } from '@latchkey/problem'
import { countOf, gaugeOf } from '@latchkey/telemetry/metrics'

export interface HashingLimits {
  /** How many hashes run at the same time. */
  readonly parallel: number
  /** How many may wait for their turn, however short the wait would be. */
  readonly queueMax: number
}

export interface HashingQueue {
  /**
   * Runs the task when its turn comes. Rejects with UNAVAILABLE and `retryAfterMs` when the queue is full, when the wait
   * would be long, and when it became too long: whoever asked has left by then, and hashing for nobody makes others wait.
   */
  run<Result>(task: () => Promise<Result>): Promise<Result>
}

/** A task that would have to wait longer than this is refused. */
const expectedWaitMaxMs = 3 * secondMs
/** A task that has waited longer than this is never begun. Shorter than any caller waits for its answer. */
const waitMaxMs = 4 * secondMs
/** A place becomes free long before the whole queue is through. */
const retryAfterMsMax = 2 * secondMs

/** What one hash takes is a moving average, which begins at about what a slow core needs. */
const firstHashMs = 50
/** A clock that was set meanwhile counts for no more than this. */
const hashMsMax = secondMs
const weightOfLast = 0.1

const hashes = countOf(
  'latchkey_password_hashes_total',
  'Password hashes, by what came of asking for one: computed, or refused because too many wait.',
  ['outcome'],
)

interface Waiting {
  readonly sinceMs: number
  readonly begin: () => void
  readonly refuse: (problem: Problem) => void
}

export function createHashingQueue({ parallel, queueMax }: HashingLimits, clock: Clock): HashingQueue {
  const waiting: Waiting[] = []
  let running = 0
  let hashMs = firstHashMs
  gaugeOf('latchkey_password_hashes_running', 'Password hashes that are being computed.', () => running)
  gaugeOf('latchkey_password_hashes_waiting', 'Password hashes that wait for their turn.', () => waiting.length)
  const nowMs = () => clock.now().getTime()
  const expectedWaitMs = () => Math.ceil(((waiting.length + 1) * hashMs) / parallel)
  const busy = () =>
    new Problem('UNAVAILABLE', `${running} hashes running, ${waiting.length} waiting, ${Math.round(hashMs)} ms each`, {
      retryAfterMs: Math.min(expectedWaitMs(), retryAfterMsMax),
    })

  async function turn(): Promise<void> {
    if (running < parallel) {
      running += 1
      return
    }
    if (waiting.length >= queueMax || expectedWaitMs() > expectedWaitMaxMs) throw busy()
    // The one that finishes hands its place over, so `running` does not change in between.
    await new Promise<void>((begin, refuse) => waiting.push({ sinceMs: nowMs(), begin, refuse }))
  }

  function leave(): void {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      if (nowMs() - next.sinceMs <= waitMaxMs) {
        next.begin()
        return
      }
      next.refuse(busy())
    }
    running -= 1
  }

  async function timed<Result>(task: () => Promise<Result>): Promise<Result> {
    const begunMs = nowMs()
    const result = await task()
    const tookMs = Math.min(Math.max(nowMs() - begunMs, 0), hashMsMax)
    hashMs += (tookMs - hashMs) * weightOfLast
    return result
  }

  return {
    async run(task) {
      await turn().catch((refusal: unknown) => {
        hashes.add({ outcome: 'refused' })
        throw refusal
      })
      hashes.add({ outcome: 'computed' })
      try {
        return await timed(task)
      } finally {
        leave()
      }
    },
  }
}
