/** What keys may still spend, and what was spent of their uses. */
import type { Clock } from '@latchkey/clock'
import { periodOf } from '@latchkey/principal/budget-terms'
import type { UseRefill } from '@latchkey/principal/confinement'
import type { KeyBudgets, LimitState, UsesSpent } from '@latchkey/principal/key-budgets'
import type { ApiKey } from '../keys/key.ts'
import { recordOf } from '../verification/record.ts'
import type { UsesStore } from './store.ts'

export interface BalancesDependencies {
  readonly budgets: KeyBudgets
  readonly store: UsesStore
  readonly clock: Clock
}

/** A limit as it stands, with the moment at which it is whole again. */
export type StandingLimit = LimitState & { readonly resetAt: Date }

export const standingAt =
  (now: Date) =>
  (state: LimitState): StandingLimit => ({ ...state, resetAt: new Date(now.getTime() + state.resetMs) })

/** How a key stands at a moment. */
export interface Balance {
  readonly limits: readonly StandingLimit[]
  /** `null`: they are not counted. */
  readonly uses: UsesStanding | null
}

export interface UsesStanding {
  readonly limit: number
  readonly left: number
  readonly refill: UseRefill
  readonly refillsAt: Date | null
}

/** Each rejects with UNAVAILABLE. */
export interface Balances {
  /** Nothing is spent. */
  of(key: ApiKey): Promise<Balance>
  /** What was written down: where counting goes on from when it was lost. */
  written(keyId: string): Promise<UsesSpent | null>
}

export function createBalances({ budgets, store, clock }: BalancesDependencies): Balances {
  return {
    async of(key) {
      const { limits, usesLeft } = await budgets.spend(recordOf(key), 0)
      const now = clock.now()
      return {
        limits: limits.map(standingAt(now)),
        uses: usesStanding(key, usesLeft, now.getTime()),
      }
    },
    written: (keyId) => store.spentOf(keyId),
  }
}

function usesStanding({ confinement }: ApiKey, left: number | null, nowMs: number): UsesStanding | null {
  if (!confinement.uses || left === null) return null
  const { limit, refill } = confinement.uses
  const { endsAtMs } = periodOf(refill, nowMs)
  return { limit, left, refill, refillsAt: endsAtMs === null ? null : new Date(endsAtMs) }
}
