/** What became of each of several equal requests that were spent for together. Pure. */

import type { ApiKeyRecord } from '../records/credential-records.ts'
import type { BudgetChoice } from './budget-terms.ts'
import { limitsOf, periodOf } from './budget-terms.ts'
import { added, stateOf, takenBy, waitMs } from './gcra.ts'
import type { Spending } from './key-budgets.ts'

/** As it stood before the requests: what is owed of each limit, and what was spent of the uses. */
export interface Balance {
  /** In the order of `limitsOf`. */
  readonly debts: readonly number[]
  /** `null`: uses are not counted. */
  readonly usesSpent: number | null
}

/** One of the requests: whether it was granted, and what was spent before it. */
export interface Place {
  readonly granted: boolean
  readonly spentBefore: number
}

export interface SpendingTerms {
  readonly key: Pick<ApiKeyRecord, 'confinement'>
  readonly cost: number
  /** What each request costs. */
  readonly planned: number
  readonly terms: BudgetChoice
  readonly nowMs: number
}

/** A rate is judged before the uses: of two reasons the one that passes is told. */
export function verdictOf(
  balance: Balance,
  place: Place,
  { key, cost, planned, terms, nowMs }: SpendingTerms,
): Spending {
  const spent = place.spentBefore + (place.granted ? cost : 0)
  const limits = limitsOf(key, terms)
  const debts = limits.map((limit, at) => added(balance.debts[at] ?? 0, takenBy(spent, planned, limit), limit))
  const states = limits.map((limit, at) => stateOf(debts[at] ?? 0, limit))
  const allowance = key.confinement?.uses
  const usesLeft =
    allowance && balance.usesSpent !== null ? Math.max(0, allowance.limit - balance.usesSpent - spent) : null
  if (place.granted) return { outcome: 'SPENT', limits: states, usesLeft }
  const waitsMs = limits.reduce(
    (longest, limit, at) => Math.max(longest, waitMs(debts[at] ?? 0, takenBy(cost, planned, limit), limit)),
    0,
  )
  if (waitsMs > 0 || !allowance)
    return { outcome: 'RATE_LIMITED', limits: states, usesLeft, ...after(Math.max(1, waitsMs)) }
  const { endsAtMs } = periodOf(allowance.refill, nowMs)
  const refilled = endsAtMs !== null && cost <= allowance.limit ? endsAtMs - nowMs : Number.POSITIVE_INFINITY
  return { outcome: 'USAGE_EXCEEDED', limits: states, usesLeft, ...after(refilled) }
}

const after = (retryAfterMs: number) => (Number.isFinite(retryAfterMs) ? { retryAfterMs } : {})
