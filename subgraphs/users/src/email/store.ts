/** Everything the confirmation of addresses needs from storage. */
import type { Opening } from '../accounts/opening.ts'
import type { AskForMail } from '../allowances/store.ts'
import type { Consequences } from '../consequences/consequences.ts'
import type { BlindIndex } from '../identifiers/blind-index.ts'
import type { KeyedMac } from '../identifiers/keyed-mac.ts'
import type { PasswordHash } from '../passwords/hasher.ts'

/** What a token confirms: a registration that waits, or an account that opened before its address was confirmed. */
export interface Pending {
  readonly tokenId: string
  /** The id of the registration, and of the account that comes of it. */
  readonly subjectId: string
  /** Address and name of the registration, sealed; `null` when only the account is left. */
  readonly personal: string | null
  /** The account is open already. */
  readonly isOpen: boolean
  /** Of the open account, else of the registration. */
  readonly password: PasswordHash | null
  /** Another account that holds the address and has not confirmed it. */
  readonly squatterId: string | null
}

/** One of the tokens whose codes may be the one that was typed; this try is counted against it. */
export interface PendingCode extends Pending {
  readonly keyId: string
  readonly codeMac: string
}

export interface OpeningTerms extends Opening {
  readonly tokenId: string
  readonly consequences: Consequences
}

export interface ConfirmingTerms {
  readonly tokenId: string
  readonly at: Date
  readonly consequences: Consequences
}

export interface VerificationStore {
  /** What a token is for that is unused and has not expired at `now`. */
  pending(macs: readonly KeyedMac[], now: Date): Promise<Pending | null>
  /** The same for the codes sent to an address since `since`, each of which has another try; it is counted. */
  tryCode(indexes: readonly BlindIndex[], terms: { readonly now: Date; readonly since: Date }): Promise<PendingCode[]>
  /** Counts a try of a password against a token. `false`: it has none left. */
  countTry(tokenId: string): Promise<boolean>
  /**
   * Uses the token and opens the account, in one statement: of any number of attempts one answers `true`. An account that
   * holds the address without having confirmed it ends. `false`: the token was used or has expired meanwhile, or the address
   * belongs to an account already.
   */
  open(terms: OpeningTerms): Promise<boolean>
  /** Uses the token and confirms the account that is open already. `false` as above. */
  confirm(terms: ConfirmingTerms): Promise<boolean>
  /** Writes a mail, or that it was withheld; nothing at all when it is not admitted. */
  readonly resend: AskForMail
}
