/** Everything erasure needs from storage. */
import type { AuditRecord } from '../audit/audit.ts'
import type { LedgerEntry } from './erasure.ts'

export interface Claim {
  readonly now: Date
  /** Who began before this was cut short. */
  readonly staleBefore: Date
  readonly max: number
}

export interface ErasureStore {
  /** Makes an account due at once: deleted, its sessions ended, its grants moved on. `false`: there is none. */
  condemn(accountId: string, at: Date): Promise<boolean>
  /** Makes those accounts due that the ledger says were erased: an old copy brought them back. Answers which. */
  condemnReturned(at: Date): Promise<readonly string[]>
  /** Takes accounts that are due; nobody else gets them until the claim is stale. */
  claimDue(claim: Claim): Promise<readonly string[]>
  /**
   * Erases an account that is due: its row with all that hangs on it, registrations, tokens, codes, allowances and messages;
   * writes the ledger and the record. All of it or nothing; `false`: the account is not there, or not due.
   */
  erase(erasure: { readonly accountId: string; readonly at: Date; readonly record: AuditRecord }): Promise<boolean>
  /** Accounts erased before `before` and not settled, after the given id, in order. */
  unsettled(asked: { readonly before: Date; readonly after: string; readonly max: number }): Promise<readonly string[]>
  /** Erases what was written about the account meanwhile, and keeps that it is settled. */
  settle(accountId: string, at: Date): Promise<void>
  /** The ledger in the order of its accounts. */
  ledger(after: string, max: number): Promise<readonly LedgerEntry[]>
  /** Adds what the ledger does not have, unsettled. Answers how many that were. */
  addToLedger(entries: readonly LedgerEntry[]): Promise<number>
}
