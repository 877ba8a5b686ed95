/** Everything deletion needs from storage. */
import type { Consequences } from '../consequences/consequences.ts'
import type { KeyedMac } from '../identifiers/keyed-mac.ts'
import type { RoleChange, RoleHolder, Written } from '../roles/store.ts'

export interface AccountDeletion extends RoleChange {
  readonly holder: Pick<RoleHolder, 'id' | 'grantsEpoch'>
  readonly eraseAt: Date
}

export interface DeletionUndone {
  readonly macs: readonly KeyedMac[]
  readonly at: Date
  readonly consequences: Consequences
}

export interface DeletionStore {
  /**
   * Deletes an active account, ends its sessions and moves its grants on, with the consequences: all or nothing. Of several
   * administrators who leave at once, the last one stays.
   */
  delete(deletion: AccountDeletion): Promise<Written>
  /** The account that a token could bring back, unused and not expired at `at`. */
  deletedAccount(macs: readonly KeyedMac[], at: Date): Promise<string | null>
  /** Uses the token and restores the account, if its erasure has not begun. `false`: nothing came of it. */
  restore(undone: DeletionUndone): Promise<boolean>
}
