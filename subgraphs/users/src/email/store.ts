/** Everything the confirmation of addresses needs from storage. */
import type { AuditRecord } from '../audit/audit.ts'
import type { BlindIndex } from '../identifiers/blind-index.ts'
import type { KeyedMac } from '../identifiers/keyed-mac.ts'
import type { TokenPurpose } from '../one-time-tokens/one-time-token.ts'

/** A registration whose token was shown. */
export interface PendingRegistration {
  readonly tokenId: string
  readonly registrationId: string
  /** Address and display name, sealed. */
  readonly personal: string
}

/** An account as it is opened; `email` and `displayName` are sealed with the key in `sealedKey`. */
export interface NewAccount {
  readonly id: string
  readonly email: string
  readonly displayName: string
  readonly sealedKey: string
  readonly role: string
  readonly openedAt: Date
}

export interface OpeningTerms {
  readonly tokenId: string
  readonly purpose: TokenPurpose
  readonly account: NewAccount
  /** The address under every key of the index: an account with any of them is an account with this address. */
  readonly everyIndex: readonly BlindIndex[]
  readonly record: AuditRecord
}

export interface VerificationStore {
  /** The registration of a token that has this purpose, is unused, and has not expired at `now`. */
  pending(macs: readonly KeyedMac[], purpose: TokenPurpose, now: Date): Promise<PendingRegistration | null>
  /**
   * Uses the token and opens the account, in one statement: of any number of attempts one answers `true`.
   * `false`: the token was used or has expired meanwhile, or the address belongs to an account already.
   */
  open(terms: OpeningTerms): Promise<boolean>
  /** Forgets registrations and tokens that expired before `before`. */
  forgetExpired(before: Date): Promise<void>
}
