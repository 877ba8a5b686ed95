/** Everything that changing a password needs from storage. */
import type { AuditRecord } from '../../audit/audit.ts'
import type { Consequences } from '../../consequences/consequences.ts'
import type { KeptPassword, PasswordHash } from '../hasher.ts'

export interface TryTerms {
  readonly accountId: string
  readonly now: Date
  /** Tries before this moment do not count any more. */
  readonly since: Date
  /** So many may be wrong. */
  readonly max: number
}

/** What a try is made against; or that there is nothing to try, or that too many were wrong. */
export type Try =
  | { readonly kind: 'granted'; readonly kept: KeptPassword }
  | { readonly kind: 'no password' }
  | { readonly kind: 'too many' }

export interface PasswordChange {
  readonly accountId: string
  /** What is kept of the current one, as it was checked. */
  readonly from: string
  readonly to: PasswordHash
  /** It does beside a second factor only, which has to be there still. */
  readonly needsFactor: boolean
  /** Every other session ends. */
  readonly sessionKept: string
  readonly at: Date
  readonly consequences: Consequences
}

export interface PasswordChangeStore {
  /** Counts a try before it is made: of any number at once no more than `max` are granted. */
  takeTry(terms: TryTerms): Promise<Try>
  /** The try was not made after all. */
  giveBackTry(accountId: string): Promise<void>
  /** The try was made, and wrong. */
  putOnRecord(record: AuditRecord): Promise<void>
  /**
   * The new hash and all that follows, in one statement. `false`, and nothing written: the old one was replaced meanwhile, or the account may not act any more: no session of it is kept beyond that.
   */
  change(change: PasswordChange): Promise<boolean>
}
