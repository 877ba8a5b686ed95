/** Everything grants need from storage. */
import type { AccountStatus } from '../administration/standing.ts'
import type { HeldRole } from './effective-roles.ts'

export interface StoredGrants {
  readonly id: string
  readonly epoch: number
  readonly status: AccountStatus
  /** When a suspension ends by itself. */
  readonly suspendedUntil: Date | null
  readonly roles: readonly HeldRole[]
  /** One that meets the demand of a role: an authenticator app or a passkey. */
  readonly hasSecondFactor: boolean
  readonly sessionEpoch: number
  readonly sessionKept: string | null
  readonly keysDoubted: boolean
  /** `null`: the address is confirmed. */
  readonly unconfirmedSince: Date | null
}

export interface GrantsStore {
  /** Epoch, status and roles of one moment. */
  byUser(userId: string): Promise<StoredGrants | null>
  /** The same of many accounts, in one statement. */
  byUsers(userIds: readonly string[]): Promise<readonly StoredGrants[]>
  /** Accounts that hold the role, by way of another one too: the next so many after an id, in order. */
  holders(role: string, page: { readonly after: string; readonly max: number }): Promise<readonly string[]>
}
