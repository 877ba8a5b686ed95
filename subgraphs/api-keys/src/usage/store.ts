/** Everything that counting uses of keys, and telling of them, needs from storage. */
import type { UsageBatch } from '@latchkey/principal/key-usage'
import type { Denial, Grouping, OperationUsage, UsagePoint } from './figures.ts'
import type { Period } from './period.ts'
import type { Grain, LastUse, Tally } from './tally.ts'

/** For how long counts are kept, in milliseconds. */
export type Retention = Readonly<Record<Grain, number>>

export interface Gap {
  readonly producer: string
  readonly lost: number
}

/** Rejects with UNAVAILABLE when the store cannot answer. */
export interface CountingStore {
  /**
   * Counts the uses in batches that were not counted yet, and says how many; all of it or nothing: whoever comes with one of them later changes nothing.
   * `tally` adds up those that are new, without the uses of keys that are forgotten.
   */
  count(
    batches: readonly UsageBatch[],
    now: Date,
    tally: (fresh: readonly UsageBatch[]) => Tally,
  ): Promise<{ readonly counted: number }>
  /** Makes room for those days, and drops what is older than it is kept. */
  makeRoom(days: readonly Date[], now: Date): Promise<void>
  /** What is missing before batches that were counted a while ago, told once. */
  noticeGaps(now: Date): Promise<readonly Gap[]>
}

export interface UsageQuery {
  readonly keyId: string
  readonly period: Period
  readonly groupBy: Grouping
  /** The groups with most requests, at most so many. */
  readonly groupsMax: number
}

interface PeriodOfKey {
  readonly keyId: string
  readonly period: Period
  readonly max: number
}

/** Rejects with UNAVAILABLE when the store cannot answer. */
export interface UsageStore {
  /** In order of time, then of group. */
  points(query: UsageQuery): Promise<readonly UsagePoint[]>
  /** Those with most requests first. */
  operations(query: PeriodOfKey): Promise<readonly OperationUsage[]>
  denials(query: PeriodOfKey): Promise<readonly Denial[]>
  lastUse(keyId: string): Promise<LastUse | null>
  /** Coordinates that the key was answered about on that day or later. */
  coordinatesSince(keyId: string, day: Date): Promise<readonly string[]>
}
