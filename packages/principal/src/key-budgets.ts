/** What a key may still spend: its named rate limits, its owner's, and the uses that remain. */
import type { ApiKeyRecord } from './credential-records.ts'

/** A limit as it stands at a moment. */
export interface LimitState {
  readonly name: string
  /** Requests in a window. */
  readonly limit: number
  readonly windowMs: number
  /** How many requests would pass at this moment, one right after the other. */
  readonly remaining: number
  /** Until the limit is whole again, if nothing is spent meanwhile. */
  readonly resetMs: number
}

export interface Spending {
  readonly outcome: 'SPENT' | 'RATE_LIMITED' | 'USAGE_EXCEEDED'
  /** Every limit that applies, the owner's included. */
  readonly limits: readonly LimitState[]
  /** `null`: its uses are not counted. */
  readonly usesLeft: number | null
  /** When it was refused: after so long the same would be granted. Absent: never, unless somebody changes the key. */
  readonly retryAfterMs?: number
}

/** Shared by every process. Rejects with UNAVAILABLE when nobody can say what is left: then nothing may be granted. */
export interface KeyBudgets {
  /** Spends, or refuses and spends nothing. */
  spend(key: ApiKeyRecord, cost?: number): Promise<Spending>
}
