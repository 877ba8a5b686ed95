/** What Postgres knows of tries: for counters that nothing is kept of, because Redis was lost or emptied. */
import type { CountedTry } from './tries.ts'

/** Whose tries are asked for. */
export type Tried =
  | { readonly of: 'identifier' | 'network'; readonly indexes: readonly string[] }
  | { readonly of: 'device'; readonly userId: string; readonly deviceId: string }
  /** Without a device: those of every client that is not known. */
  | {
      readonly of: 'factor'
      readonly userId: string
      readonly deviceId: string | null
      /** Of the counter, under every key. */
      readonly names: readonly string[]
    }

export interface AttemptHistory {
  /** Those after `since` that did not succeed and were not forgiven since; the newest `max`. Rejects with UNAVAILABLE. */
  tries(tried: Tried, since: Date, max: number): Promise<readonly CountedTry[]>
}
