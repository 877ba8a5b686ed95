/** Everything that saying "this was not me" needs from storage. */
import type { AuditRecord } from '../audit/audit.ts'
import type { Consequences } from '../consequences/consequences.ts'
import type { KeyedMac } from '../identifiers/keyed-mac.ts'

/** What a token from a notice is about. */
export interface ShownNotice {
  readonly tokenId: string
  readonly accountId: string
  /** Of the address that the notice went to. */
  readonly sentTo: KeyedMac
}

export interface LockTerms {
  readonly tokenId: string
  readonly at: Date
  readonly consequences: Consequences
  /** Written when factors were taken back. */
  readonly withdrawn: AuditRecord
}

export interface NotMeStore {
  shown(macs: readonly KeyedMac[], now: Date): Promise<ShownNotice | null>
  /**
   * Uses the token; every session ends, the account is locked, and links that would change its address or password are
   * void, and so are second factors that are younger than the token. One statement: of any number one answers `true`.
   * `false`: it was used, or the account is not one that can be locked now; the token is kept for when it is.
   */
  lock(terms: LockTerms): Promise<boolean>
}
