/** What was spent of a key's uses, as of which issue and period. Pure. */
import { periodOf } from './budget-terms.ts'
import type { UseAllowance } from './confinement.ts'
import type { UsesSpent } from './key-budgets.ts'

/** Before any issue: whatever is known counts more. */
export const nothingSpent: UsesSpent = Object.freeze({ issue: 0, periodMs: 0, spent: 0 })

/** The one that tells more: of a later issue, of a later period of it, or of more that was spent. */
export function laterUses(one: UsesSpent, other: UsesSpent): UsesSpent {
  const ahead = one.issue - other.issue || one.periodMs - other.periodMs || one.spent - other.spent
  return ahead >= 0 ? one : other
}

/** What counts now: nothing, where the uses were given anew or refilled since. A period that is ahead of this clock has begun. */
export function usesNow(known: UsesSpent, { issue, refill }: UseAllowance, nowMs: number): UsesSpent {
  const fresh = { issue, periodMs: periodOf(refill, nowMs).startedAtMs, spent: 0 }
  return laterUses(known, fresh)
}

/** Told apart from what it was before anything was spent. */
export const markOf = ({ issue, periodMs, spent }: UsesSpent): string => `${issue}/${periodMs}/${spent}`
