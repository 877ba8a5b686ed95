/** Everything imports and exports need from storage. */
import type { AccountStatus } from '../administration/standing.ts'
import type { Consequences } from '../consequences/consequences.ts'
import type { BlindIndex } from '../identifiers/blind-index.ts'

/** An account that an external id or an address names. */
export interface NamedAccount {
  readonly kind: 'email' | 'external-id'
  readonly mac: string
  readonly accountId: string
}

export interface KnownAccount {
  readonly id: string
  readonly status: AccountStatus
  /** Sealed. */
  readonly displayName: string
  readonly sealedKey: string
  readonly roles: readonly string[]
}

export interface ImportedChange {
  readonly stamp: string
  readonly accountId: string
  /** Sealed. */
  readonly displayName: string
  readonly addedRoles: readonly string[]
  readonly at: Date
  readonly consequences: Consequences
}

/** An account as it leaves. Personal texts are sealed. */
export interface ExportedAccount {
  readonly id: string
  readonly email: string
  readonly emailVerified: boolean
  readonly displayName: string
  readonly externalId: string | null
  readonly sealedKey: string
  readonly roles: readonly string[]
  readonly createdAt: Date
  /** What another system kept of the password, where it still stands. Ours are of no use without the pepper. */
  readonly foreignHash: string | null
}

export interface ImportStore {
  /** In one statement, whom these name. */
  named(emails: readonly BlindIndex[], externalIds: readonly BlindIndex[]): Promise<readonly NamedAccount[]>
  known(accountIds: readonly string[]): Promise<readonly KnownAccount[]>
  /** Brings name and roles up to date. `false`: the role book has changed, or the account has gone. */
  update(change: ImportedChange): Promise<boolean>
  /** Active accounts, in the order of their ids. */
  exported(page: { readonly after: string; readonly max: number }): Promise<readonly ExportedAccount[]>
}
