/** Changes of one owner's keys, one after the other in this process: who waits for their turn holds no connection. */
import { secondMs } from '@latchkey/clock'
import { Problem } from '@latchkey/problem'

/** Rejects with UNAVAILABLE, and does nothing, when the turn comes too late. */
export type InOwnersTurn = <Result>(ownerId: string, work: () => Promise<Result>) => Promise<Result>

/** Sooner than whoever waits for the answer gives up: nothing is changed for nobody. */
const waitMaxMs = 4 * secondMs

/**
 * The lock of an owner in Postgres is what counts, over all processes. Were everybody to wait for it there, one owner who asks for
 * much at once would hold every connection, and all others would find none.
 */
export function createOwnerTurns(nowMs: () => number = () => performance.now()): InOwnersTurn {
  const last = new Map<string, Promise<unknown>>()

  async function inTurn<Result>(before: Promise<unknown> | undefined, work: () => Promise<Result>): Promise<Result> {
    const askedMs = nowMs()
    await before?.catch(() => {})
    const waitedMs = nowMs() - askedMs
    if (waitedMs > waitMaxMs) throw new Problem('UNAVAILABLE', `waited ${Math.round(waitedMs)} ms for the owner's turn`)
    return work()
  }

  return (ownerId, work) => {
    const done = inTurn(last.get(ownerId), work).finally(() => {
      if (last.get(ownerId) === done) last.delete(ownerId)
    })
    last.set(ownerId, done)
    return done
  }
}
