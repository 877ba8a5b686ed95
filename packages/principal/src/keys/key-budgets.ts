/** What a key may still spend: its named rate limits, its owner's, and the uses that remain. */
import type { ApiKeyRecord } from '../records/credential-records.ts'
import type { Proviso } from '../records/proviso.ts'
import type { RateLimit } from './confinement.ts'

/** A limit as it stands at a moment. */
export interface LimitState {
  readonly name: string
  /** What is counted. Absent: requests. */
  readonly unit?: RateLimit['unit']
  /** Of that, in a window. */
  readonly limit: number
  readonly windowMs: number
  /** And at once. */
  readonly burst: number
  /** How much of it would pass at this moment. */
  readonly remaining: number
  /** Until the limit is whole again, if nothing is spent meanwhile. */
  readonly resetMs: number
}

export interface Spending {
  readonly outcome: 'SPENT' | 'RATE_LIMITED' | 'USAGE_EXCEEDED'
  /** Every limit that applies, the owner's last. */
  readonly limits: readonly LimitState[]
  /** `null`: its uses are not counted. */
  readonly usesLeft: number | null
  /** When it was refused: after so long the same would be granted. Absent: never, unless somebody changes the key. */
  readonly retryAfterMs?: number
}

/** Shared by every process. Rejects with UNAVAILABLE when nobody can say what is left: then nothing may be granted. */
export interface KeyBudgets {
  /**
   * Spends from every limit and from the uses, or refuses and spends nothing. Of any number of callers at once, on any number of
   * processes, exactly as many are granted as there is room for.
   * @param cost a whole number of requests; 0 only looks, and is never refused
   * @param planned what each of them is planned to cost: it counts for limits of the key that count costs
   */
  spend(key: ApiKeyRecord, cost?: number, planned?: number): Promise<Spending>
  /**
   * Spends for one request provided that all of it still stands, seen in the same step; else spends nothing and says `changed`.
   * Absent: there is no store in which anything could stand.
   */
  spendIf?(proviso: Proviso, key: ApiKeyRecord, planned: number): Promise<Spending | 'changed'>
}

/** What was spent of an allowance of uses: of which issue, since when, and how much. */
export interface UsesSpent {
  readonly issue: number
  /** When the period began; 0 where none ends. */
  readonly periodMs: number
  readonly spent: number
}

/** What was written down of a key's uses: asked when the budgets know nothing of them. Rejects with UNAVAILABLE. */
export type LoadUsesSpent = (keyId: string) => Promise<UsesSpent | null>

/** Uses that were spent and not written down yet. `mark` changes with each spending. */
export interface UnwrittenUses extends UsesSpent {
  /** Under which they are counted. */
  readonly keyId: string
  readonly mark: string
}

/** The uses of keys, for whoever writes them down. Every method rejects with UNAVAILABLE. */
export interface UsesTally {
  /** At most so many, in no order. */
  unwritten(max: number): Promise<readonly UnwrittenUses[]>
  /** They were written down. What was spent since it was read stays unwritten. */
  written(those: readonly UnwrittenUses[]): Promise<void>
}

/** Both halves: whoever counts is who can tell. */
export type CountedBudgets = KeyBudgets & UsesTally
