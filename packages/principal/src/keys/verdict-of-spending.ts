/** What became of each of several equal requests that were spent for together. Pure. */

import type { ApiKeyRecord } from '../records/credential-records.ts'
import type { BudgetChoice } from './budget-terms.ts'
import { limitsOf, periodOf } from './budget-terms.ts'
import { added, stateOf, waitMs } from './gcra.ts'
import type { Spending } from './key-budgets.ts'

/** As it stood before the requests: what is owed of each limit, and what was spent of the uses. */
export interface Balance {
  readonly own: readonly number[]
  /** `null`: the owner's limit is not judged. */
  readonly owner: number | null
  /** `null`: uses are not counted. */
  readonly usesSpent: number | null
}

/** One of the requests: whether it was granted, and what was spent before it. */
export interface Place {
  readonly granted: boolean
  readonly spentOfKey: number
  readonly spentOfOwner: number
}

export interface SpendingTerms {
  readonly key: Pick<ApiKeyRecord, 'confinement'>
  readonly cost: number
  readonly terms: BudgetChoice
  readonly nowMs: number
}

/** A rate is judged before the uses: of two reasons the one that passes is told. */
export function verdictOf(balance: Balance, place: Place, { key, cost, terms, nowMs }: SpendingTerms): Spending {
  const { own, owner } = limitsOf(key, terms)
  const now = place.granted ? cost : 0
  const debts = own.map((limit, at) => ({
    limit,
    debt: added(balance.own[at] ?? 0, place.spentOfKey + now, limit),
  }))
  if (owner && balance.owner !== null)
    debts.push({ limit: owner, debt: added(balance.owner, place.spentOfOwner + now, owner) })
  const allowance = key.confinement?.uses
  const left =
    allowance && balance.usesSpent !== null
      ? Math.max(0, allowance.limit - balance.usesSpent - place.spentOfKey - now)
      : null
  const standing = { limits: debts.map(({ limit, debt }) => stateOf(debt, limit)), usesLeft: left }
  if (place.granted) return { outcome: 'SPENT', ...standing }
  const waitsMs = Math.max(0, ...debts.map(({ limit, debt }) => waitMs(debt, cost, limit)))
  if (waitsMs > 0 || !allowance) return { outcome: 'RATE_LIMITED', ...standing, ...after(Math.max(1, waitsMs)) }
  const { endsAtMs } = periodOf(allowance.refill, nowMs)
  const refilled = endsAtMs !== null && cost <= allowance.limit ? endsAtMs - nowMs : Number.POSITIVE_INFINITY
  return { outcome: 'USAGE_EXCEEDED', ...standing, ...after(refilled) }
}

const after = (retryAfterMs: number) => (Number.isFinite(retryAfterMs) ? { retryAfterMs } : {})
