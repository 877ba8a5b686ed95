/** Everything keys of other systems need from storage. */
import type { ApiKey } from '../keys/key.ts'
import type { Trail } from '../keys/trail.ts'
import type { ForeignFormat } from './foreign-hash.ts'
import type { ForeignSecret } from './foreign-secret.ts'

export interface ForeignKey {
  readonly keyId: string
  readonly externalId: string
  /** What a presented text is found by. */
  readonly lookup: string
  readonly format: ForeignFormat
  /** argon2 and bcrypt, whole; `null` for the others, and once it was hashed anew. */
  readonly hash: string | null
  readonly secretId: string | null
  readonly rehashedAt: Date | null
}

/** A key that an external id or a lookup names already. */
export interface NamedForeignKey extends Pick<ForeignKey, 'keyId' | 'externalId' | 'lookup' | 'rehashedAt'> {
  readonly ownerId: string
}

export interface ForeignRoom {
  named(externalIds: readonly string[], lookups: readonly string[]): Promise<readonly NamedForeignKey[]>
  secretIds(): Promise<readonly string[]>
  addForeign(
    keys: readonly { readonly key: ApiKey; readonly foreign: ForeignKey }[],
    secrets: readonly ForeignSecret[],
  ): Promise<void>
}

export interface Rehash {
  readonly keyId: string
  /** As it was found: whoever comes second finds another. */
  readonly lookup: string
  readonly newLookup: string
  readonly secretMac: Uint8Array
  readonly pepperId: string
  readonly lastFour: string
  readonly at: Date
}

export interface ForeignKeyStore {
  secrets(): Promise<readonly ForeignSecret[]>
  byLookups(lookups: readonly string[]): Promise<readonly ForeignKey[]>
  /**
   * Puts a MAC under our pepper in the place of the other system's hash, once; `null`: somebody did already. `announce` is called
   * before the change can be seen by anyone; when it rejects, nothing has changed.
   */
  rehash(rehash: Rehash, trail: Trail, announce: (key: ApiKey) => Promise<void>): Promise<ApiKey | null>
}
