/** Everything notices about keys need from storage. */
import type { OutboxMessage } from '../keys/trail.ts'
import type { NoticeKind } from './notice.ts'

/** A key that may be told of, with what decides it. */
export interface EndingKey {
  readonly id: string
  readonly createdAt: Date
  readonly expiresAt: Date
  readonly lastUsedAt: Date | null
  /** When the key that takes its place was made; null: it was not rotated. */
  readonly rotatedAt: Date | null
}

export interface UntoldKey extends EndingKey {
  /** The kinds of notices that were written about this end of it. */
  readonly told: readonly string[]
}

export interface NoticeOfKey {
  readonly keyId: string
  readonly kind: NoticeKind
  readonly expiresAt: Date
}

/** What is told when the notice is delivered. */
export interface ToldKey extends EndingKey {
  readonly ownerId: string
  readonly name: string
  readonly lastFour: string
  readonly environment: 'live' | 'test'
}

export interface NoticeBatch {
  readonly now: Date
  readonly horizon: Date
  readonly limit: number
  /** The place after which the batch begins, in the order of ends. */
  readonly after: { readonly at: Date; readonly id: string } | null
}

export interface NoticeStore {
  /**
   * Reads keys that work and end before the horizon, soonest first, and writes for each what `decide` says, with its message: once for
   * each key, kind and end, however often and wherever it is asked. `busy`: another process is at it. Rejects with UNAVAILABLE.
   */
  write(
    batch: NoticeBatch,
    decide: (key: UntoldKey) => { readonly notice: NoticeOfKey; readonly message: OutboxMessage } | null,
  ): Promise<{ readonly read: readonly UntoldKey[]; readonly written: number } | 'busy'>
  /** As the key is now; null when it works no more or was forgotten. */
  told(keyId: string, now: Date): Promise<ToldKey | null>
}
