/** Changes of one owner's keys, one after the other in this process: who waits for their turn holds no connection. */
import { secondMs } from '@latchkey/clock'
import { Problem } from '@latchkey/problem'

/**
 * Rejects with UNAVAILABLE, and does nothing, when the turn comes too late, and when the work of somebody before was UNAVAILABLE
 * meanwhile: who waited for that does not wait for the same once more.
 */
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
  /** When work for an owner was last UNAVAILABLE; known for as long as anybody waits for a turn. */
  const inVainMs = new Map<string, number>()

  async function after<Result>(before: Promise<unknown> | undefined, work: () => Promise<Result>): Promise<Result> {
    await before?.catch(() => {})
    return work()
  }

  function inTurn<Result>(ownerId: string, work: () => Promise<Result>): Promise<Result> {
    const done = after(last.get(ownerId), work).finally(() => {
      if (last.get(ownerId) !== done) return
      last.delete(ownerId)
      inVainMs.delete(ownerId)
    })
    last.set(ownerId, done)
    return done
  }

  async function noteInVain<Result>(owners: readonly string[], work: () => Promise<Result>): Promise<Result> {
    try {
      return await work()
    } catch (error) {
      if (error instanceof Problem && error.code === 'UNAVAILABLE')
        for (const ownerId of owners) inVainMs.set(ownerId, nowMs())
      throw error
    }
  }

  return (those, work) => {
    const askedMs = nowMs()
    const owners = ownersIn(those)
    const inTime = async () => {
      const waitedMs = Math.round(nowMs() - askedMs)
      if (waitedMs > waitMaxMs) throw new Problem('UNAVAILABLE', `waited ${waitedMs} ms for the owner's turn`)
      if (owners.some((ownerId) => (inVainMs.get(ownerId) ?? Number.NEGATIVE_INFINITY) >= askedMs))
        throw new Problem('UNAVAILABLE', 'somebody before waited for the owner in vain')
      return noteInVain(owners, work)
    }
    return owners.reduceRight((inner, ownerId) => () => inTurn(ownerId, inner), inTime)()
  }
}
