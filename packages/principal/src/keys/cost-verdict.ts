/** What becomes of somebody who asks for so much. Pure. */
import type { RateLimit } from './confinement.ts'
import type { CostSpending } from './cost-budgets.ts'
import { waitMs } from './gcra.ts'

export interface CostQuestion {
  readonly granted: boolean
  /** In ticks, before they asked. */
  readonly owed: number
  readonly cost: number
  readonly limit: RateLimit
}

export function costVerdict({ granted, owed, cost, limit }: CostQuestion): CostSpending {
  if (granted) return { outcome: 'SPENT' }
  const retryAfterMs = Math.max(1, waitMs(owed, cost, limit))
  return { outcome: 'RATE_LIMITED', ...(Number.isFinite(retryAfterMs) && { retryAfterMs }) }
}
