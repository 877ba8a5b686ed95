/** How much is asked of a house: a share of what it answers while it is well, so that what is measured is trouble and not a crowd. */
import { setTimeout as pause } from 'node:timers/promises'

/** Of what the house answers at most. */
const share = 1 / 3
/** A quick machine is not asked more often than this, and the slowest no less: a trouble that nobody meets shows nothing. */
const everyMsMin = 50
const everyMsMax = 250

/** Milliseconds from one turn to the next, where so many turns, asked as quickly as they were answered, took `tookMs`. */
const paceOf = (turns: number, tookMs: number): number =>
  Math.round(Math.min(everyMsMax, Math.max(everyMsMin, tookMs / turns / share)))

const measured = 16
const atATime = 4
/** By then it is known that it is one of the slowest. */
const longEnoughMs = measured * everyMsMax * share

/** Asks as quickly as it is answered, for a moment; gives how many turns that were, and what they took. */
async function hurry(turn: (number: number) => Promise<unknown>) {
  const startedMs = performance.now()
  const tookMs = () => performance.now() - startedMs
  let next = 0
  const goOn = async () => {
    while (next < measured && tookMs() < longEnoughMs) await turn(next++)
  }
  await Promise.all(Array.from({ length: atATime }, goOn))
  return { turns: next, tookMs: tookMs() }
}

/** The second time it is warm. Whatever a turn waits for has to be in what it gives. */
export async function calibrated(turn: (number: number) => Promise<unknown>): Promise<number> {
  await hurry(turn)
  const { turns, tookMs } = await hurry(turn)
  return paceOf(turns, tookMs)
}

/** One turn after the other, whether those before were answered or not; gives what ends it, and waits for all of them. */
export function keepPace(everyMs: number, turn: (number: number) => Promise<unknown>): () => Promise<void> {
  const asked: Promise<unknown>[] = []
  let isOver = false
  async function goOn(): Promise<void> {
    let dueMs = performance.now()
    for (let number = 0; !isOver; number++) {
      asked.push(turn(number))
      // What this process has slept through is not made up for: that would be a crowd.
      dueMs = Math.max(dueMs + everyMs, performance.now())
      await pause(dueMs - performance.now())
    }
  }
  const going = goOn()
  return async () => {
    isOver = true
    await going
    await Promise.all(asked)
  }
}
