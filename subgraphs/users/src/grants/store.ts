/** Everything grants need from storage. */

export interface StoredGrants {
  readonly epoch: number
  readonly active: boolean
  readonly roles: readonly string[]
  readonly sessionEpoch: number
  readonly sessionKept: string | null
}

export interface GrantsStore {
  /** Epoch, status and roles of one moment. */
  byUser(userId: string): Promise<StoredGrants | null>
}
