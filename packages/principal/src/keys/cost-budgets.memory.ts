/** The cost budgets of a single process: they end with it. */
import type { Clock } from '@latchkey/clock'
import type { RateLimit } from './confinement.ts'
import type { CostBudgets } from './cost-budgets.ts'
import { costVerdict } from './cost-verdict.ts'
import { added, paidOff, roomFor, stateOf } from './gcra.ts'

export interface MemoryCostOptions {
  readonly clock: Clock
  readonly limit: RateLimit
}

interface Debt {
  readonly atMs: number
  readonly owed: number
}

const sweepEvery = 10_000

export function memoryCostBudgets({ clock, limit }: MemoryCostOptions): CostBudgets {
  const debts = new Map<string, Debt>()
  let untilSweep = sweepEvery

  function sweep(nowMs: number): void {
    untilSweep = sweepEvery
    for (const [whose, { atMs, owed }] of debts) if (atMs + stateOf(owed, limit).resetMs <= nowMs) debts.delete(whose)
  }

  return {
    async spend(whose, cost) {
      const nowMs = clock.now().getTime()
      if (--untilSweep <= 0) sweep(nowMs)
      const known = debts.get(whose)
      const owed = known ? paidOff(known.owed, nowMs - known.atMs, limit) : 0
      const granted = roomFor(owed, cost, limit) > 0
      if (granted) debts.set(whose, { atMs: Math.max(nowMs, known?.atMs ?? 0), owed: added(owed, cost, limit) })
      return costVerdict({ granted, owed, cost, limit })
    },
  }
}
