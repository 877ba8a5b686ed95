/** Changes of one owner's keys, one after the other in this process: who waits for their turn holds no connection. */
import { secondMs } from '@latchkey/clock'
import { Problem } from '@latchkey/problem'

/** Rejects with UNAVAILABLE, and does nothing, when the turn comes too late. */
export type InOwnersTurn = <Result>(those: Concerned, work: () => Promise<Result>) => Promise<Result>

/** Whose keys change, and who changes them: `null`, or the same, where that is nobody else. */
export interface Concerned {
  readonly ownerId: string
  readonly by?: string | null
}

/** Whoever changes keys of others comes first, here and in Postgres: so no two wait for one another. */
export const ownersIn = ({ ownerId, by = null }: Concerned): readonly string[] =>
  by === null || by === ownerId ? [ownerId] : [by, ownerId]

/** Sooner than whoever waits for the answer gives up: nothing is changed for nobody. */
const waitMaxMs = 4 * secondMs

/**
 * The lock of an owner in Postgres is what counts, over all processes. Were everybody to wait for it there, one owner who asks for
 * much at once would hold every connection, and all others would find none.
 */
export function createOwnerTurns(nowMs: () => number = () => performance.now()): InOwnersTurn {
  const last = new Map<string, Promise<unknown>>()

  async function after<Result>(before: Promise<unknown> | undefined, work: () => Promise<Result>): Promise<Result> {
    await before?.catch(() => {})
    return work()
  }

  function inTurn<Result>(ownerId: string, work: () => Promise<Result>): Promise<Result> {
    const done = after(last.get(ownerId), work).finally(() => {
      if (last.get(ownerId) === done) last.delete(ownerId)
    })
    last.set(ownerId, done)
    return done
  }

  return (those, work) => {
    const askedMs = nowMs()
    const inTime = async () => {
      const waitedMs = Math.round(nowMs() - askedMs)
      if (waitedMs > waitMaxMs) throw new Problem('UNAVAILABLE', `waited ${waitedMs} ms for the owner's turn`)
      return work()
    }
    return ownersIn(those).reduceRight((inner, ownerId) => () => inTurn(ownerId, inner), inTime)()
  }
}
