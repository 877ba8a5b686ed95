/** Everything accounts need from storage. */
import type { MailAllowances } from '../allowances/allowance.ts'
import type { CountedMail } from '../allowances/store.ts'
import type { AuditRecord } from '../audit/audit.ts'
import type { Consequences } from '../consequences/consequences.ts'
import type { BlindIndex } from '../identifiers/blind-index.ts'
import type { PasswordHash } from '../passwords/hasher.ts'
import type { StoredAccount } from './account.ts'
import type { Opening } from './opening.ts'

/** An account that waits for its address to be confirmed. */
export interface Registration {
  readonly id: string
  /** Address and display name, sealed. */
  readonly personal: string
  readonly emailIndex: BlindIndex
  readonly password: PasswordHash
  readonly createdAt: Date
  readonly expiresAt: Date
}

export interface NewRegistration {
  readonly registration: Registration
  /** The mail, its token, and the record. */
  readonly consequences: Consequences
  /** Written instead of all of it when the recipient has had as many mails as may be. */
  readonly withheld: AuditRecord
  readonly allowances: MailAllowances
  /** The account, where one opens at once, and the record of it; nothing of that when the address belongs to one already. */
  readonly opening?: (Opening & { readonly record: AuditRecord }) | undefined
}

export interface AccountStore {
  /** Questions asked at the same time share one statement. */
  byId(id: string): Promise<StoredAccount | null>
  /** The names of the roles, in order. Questions asked at the same time share one statement. */
  rolesOf(id: string): Promise<readonly string[]>
  /** The account whose address has one of these indexes. */
  idByEmail(indexes: readonly BlindIndex[]): Promise<string | null>
  /**
   * All of it, or nothing but the record that it was withheld, or nothing at all when it is not admitted: one statement in
   * each case. `taken`, and nothing written: another statement opened an account with the address at the same moment.
   */
  addRegistration(added: NewRegistration): Promise<CountedMail | 'taken'>
}
