/** Everything unlocking needs from storage. Every method rejects with UNAVAILABLE. */
import type { Entry } from '../ledger/ledger.ts'

/** What somebody's tries were counted under. */
export interface Traces {
  /** Indexes of the identifiers that were typed, as the history has them. */
  readonly identifiers: readonly string[]
  readonly userIds: readonly string[]
  readonly deviceIds: readonly string[]
}

export interface UnlockStore {
  /** Of an account, or of whoever an identifier named, since then. */
  traces(of: { userId: string } | { indexes: readonly string[] }, since: Date): Promise<Traces>
  /**
   * Puts on record that the tries counted under these subjects (identifier or network indexes, ids of accounts) are forgiven,
   * with an audit record, both or neither.
   */
  forgive(subjects: readonly string[], target: string, entry: Entry): Promise<void>
}
