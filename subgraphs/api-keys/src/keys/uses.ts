/** How often a key may be used at all, and when it is given as many uses again. */
import type { Confinement, UseRefill } from '@latchkey/principal/confinement'
import type { ReadingContext, ReadPart } from './confinement.ts'

export interface UsesInput {
  readonly uses?: {
    /** Absent, or null: they are not counted. */
    readonly limit?: number | null
    readonly refill?: UseRefill | null
  } | null
}

const limitMax = 1_000_000_000

/** Whoever names uses gives all of them anew, also as many as before. */
export function readUses({ uses }: UsesInput, before: Confinement, { now }: Pick<ReadingContext, 'now'>): ReadPart {
  if (!uses) return {}
  const { limit, refill } = uses
  if (limit === undefined || limit === null) return { part: { uses: undefined } }
  if (limit < 1 || limit > limitMax) return { faults: { 'input.uses.limit': `must be 1 to ${limitMax}` } }
  // Later than any before, also of those that were taken away since: a clock that was set back must not revive what was spent.
  const issue = Math.max(now.getTime(), (before.uses?.issue ?? 0) + 1)
  return { part: { uses: { limit, refill: refill ?? 'NEVER', issue } } }
}
