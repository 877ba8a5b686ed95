/** Everything grants need from storage. */
import type { AccountStatus } from '../administration/standing.ts'

/** A role that an account holds, by itself or by way of another one. */
export interface HeldRole {
  readonly name: string
  /** What the installation gave it, besides what is built in. */
  readonly scopes: readonly string[]
  /**
   * From when on it permits nothing to whoever has no second factor: such a role may be held by way of one that asks for a
   * factor, and a role that asks for one by way of one that does not. `null`: no factor is asked for.
   */
  readonly graceEndsAtMs: number | null
}

export interface StoredGrants {
  readonly id: string
  readonly epoch: number
  readonly status: AccountStatus
  /** When a suspension ends by itself. */
  readonly suspendedUntil: Date | null
  readonly roles: readonly HeldRole[]
  readonly sessionEpoch: number
  readonly sessionKept: string | null
}

export interface GrantsStore {
  /** Epoch, status and roles of one moment. */
  byUser(userId: string): Promise<StoredGrants | null>
  /** The same of many accounts, in one statement. */
  byUsers(userIds: readonly string[]): Promise<readonly StoredGrants[]>
  /** Accounts that hold the role, by way of another one too: the next so many after an id, in order. */
  holders(role: string, page: { readonly after: string; readonly max: number }): Promise<readonly string[]>
}
