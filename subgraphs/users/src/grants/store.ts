/** Everything grants need from storage. */
import type { HeldRoles } from './effective-roles.ts'

export interface StoredGrants extends HeldRoles {
  readonly epoch: number
  readonly active: boolean
  readonly sessionEpoch: number
  readonly sessionKept: string | null
}

export interface GrantsStore {
  /** Epoch, status and roles of one moment. */
  byUser(userId: string): Promise<StoredGrants | null>
}
