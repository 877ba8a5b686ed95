/** Everything service accounts need from storage. */
import type { Consequences } from '../consequences/consequences.ts'
import type { RoleBook } from '../roles/role-book.ts'

/** Name, address and description are sealed with `sealedKey`; the address is empty. */
export interface OpenedServiceAccount {
  readonly id: string
  readonly email: string
  readonly displayName: string
  readonly description: string
  readonly sealedKey: string
  readonly roles: readonly string[]
  readonly responsible: readonly string[]
  readonly openedAt: Date
}

export interface StoredServiceAccount {
  readonly id: string
  readonly sealedKey: string
  /** Sealed. */
  readonly description: string
  /** The accounts of those who answer for it, in order. */
  readonly responsible: readonly string[]
}

/** `null`: it stays. Texts are sealed. */
export interface ServiceAccountUpdate {
  readonly id: string
  readonly displayName: string | null
  readonly description: string | null
  readonly responsible: readonly string[] | null
  readonly consequences: Consequences
}

export interface ServiceAccountStore {
  /** Questions asked at the same time share one statement. */
  byId(id: string): Promise<StoredServiceAccount | null>
  /** Those of the ids that are active accounts of people. */
  activePeople(ids: readonly string[]): Promise<readonly string[]>
  /** All of it in one statement; `stale`: a role has changed since it was judged, and nothing was written. */
  open(asked: {
    readonly stamp: RoleBook['stamp']
    readonly account: OpenedServiceAccount
    readonly consequences: Consequences
  }): Promise<'opened' | 'stale'>
  /** Whether there was such an account, not deleted. */
  update(change: ServiceAccountUpdate): Promise<boolean>
}
