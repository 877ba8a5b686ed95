/** Everything roles need from storage. */
import type { Consequences } from '../consequences/consequences.ts'

export interface RoleChange {
  readonly accountId: string
  readonly role: string
  readonly at: Date
  readonly consequences: Consequences
}

export interface RoleStore {
  /** Grants the role and moves the epoch of the account's grants on. `false`, and nothing written: it was held already. */
  grant(change: RoleChange): Promise<boolean>
}
