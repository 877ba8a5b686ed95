/** Everything profiles need from storage. */
import type { Consequences } from '../consequences/consequences.ts'
import type { BlindIndex } from '../identifiers/blind-index.ts'

/** As it is stored: every text is sealed. */
export interface StoredProfile {
  readonly id: string
  readonly status: string
  readonly version: number
  readonly displayName: string
  readonly username: string | null
  readonly profile: string | null
  readonly publicMetadata: string | null
  readonly privateMetadata: string | null
  readonly adminMetadata: string | null
  readonly sealedKey: string
}

export type ProfileColumns = Omit<StoredProfile, 'id' | 'status' | 'version' | 'sealedKey'>

export interface ProfileChange {
  readonly accountId: string
  /** The version that the change was made against. */
  readonly version: number
  readonly columns: ProfileColumns
  /** Under every key, when the name changes; none of them when there is no name any more. */
  readonly usernameIndexes: readonly BlindIndex[] | 'unchanged'
  readonly consequences: Consequences
}

export interface ProfileStore {
  /** Questions asked at the same time share one statement. */
  byId(id: string): Promise<StoredProfile | null>
  /** One statement. `stale`: the account has another version now, or was deleted. `taken`: somebody has the user name. */
  change(change: ProfileChange): Promise<'changed' | 'stale' | 'taken'>
}
