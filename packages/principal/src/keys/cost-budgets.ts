/** What somebody may ask for in a minute, by what it costs: a person in all their sessions together, and a network of strangers. */
import type { RateLimit } from './confinement.ts'

export interface CostSpending {
  readonly outcome: 'SPENT' | 'RATE_LIMITED'
  /** When it was refused: after so long the same would be granted. Absent: never, for it costs more than there may be at once. */
  readonly retryAfterMs?: number
}

/** Shared by every process. Rejects with UNAVAILABLE when nobody can say what is left: then nothing may be granted. */
export interface CostBudgets {
  /**
   * Spends so much, or refuses and spends nothing. Of any number of callers at once, on any number of processes, no more is granted
   * than there is room for.
   * @param cost a whole number from 1
   */
  spend(whose: string, cost: number): Promise<CostSpending>
}

/** Six of the dearest operations a minute; what costs no more than a page of one's own is not counted, and asks no store. */
export const usualCostRate = { perMinute: 60_000, freeMax: 100 } as const

export const costLimit = (perMinute: number): RateLimit => ({
  ...{ name: 'cost', limit: perMinute, windowSeconds: 60, burst: perMinute },
})
