/** Everything accounts need from storage. */
import type { AuditRecord } from '../audit/audit.ts'
import type { Consequences } from '../consequences/consequences.ts'
import type { BlindIndex } from '../identifiers/blind-index.ts'
import type { PasswordHash } from '../passwords/hasher.ts'
import type { StoredAccount } from './account.ts'

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
  /** Written instead of all of it when the address has had as many registrations since one of these moments. */
  readonly withheld: AuditRecord
  readonly limits: readonly { readonly since: Date; readonly max: number }[]
}

export interface AccountStore {
  /** Questions asked at the same time share one statement. */
  byId(id: string): Promise<StoredAccount | null>
  /** The names of the roles, in order. Questions asked at the same time share one statement. */
  rolesOf(id: string): Promise<readonly string[]>
  /** The account whose address has one of these indexes. */
  idByEmail(indexes: readonly BlindIndex[]): Promise<string | null>
  /** All of it, or nothing but the record that it was withheld: one statement either way. */
  addRegistration(added: NewRegistration): Promise<void>
}
