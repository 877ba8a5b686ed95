/** Everything that resetting a password needs from storage. */

import type { AskForMail } from '../../allowances/store.ts'
import type { AuditRecord } from '../../audit/audit.ts'
import type { Consequences } from '../../consequences/consequences.ts'
import type { BlindIndex } from '../../identifiers/blind-index.ts'
import type { KeyedMac } from '../../identifiers/keyed-mac.ts'
import type { PasswordHash } from '../hasher.ts'

/** With a token from a mail. */
export type PasswordTokenPurpose = 'reset-password' | 'invitation'

export interface ShownPasswordToken {
  readonly accountId: string
  /** Of the address that the mail went to. */
  readonly sentTo: BlindIndex
}

export interface NewPasswordTerms {
  readonly purpose: PasswordTokenPurpose
  /** What may be kept of the token that is shown. */
  readonly macs: readonly KeyedMac[]
  /** The address as it was stored when the token was shown: with another one the token is void. */
  readonly sealedEmail: string
  readonly to: PasswordHash
  /** It does beside a second factor only, which has to be there still. */
  readonly needsFactor: boolean
  readonly at: Date
  readonly consequences: Consequences
  /** Written when factors were taken back. */
  readonly withdrawn: AuditRecord
}

export interface PasswordResetStore {
  readonly request: AskForMail
  /** A token that has this purpose, is unused, and has not expired at `now`. */
  shown(macs: readonly KeyedMac[], purpose: PasswordTokenPurpose, now: Date): Promise<ShownPasswordToken | null>
  /**
   * Uses the token, sets the password and writes all that follows, in one statement: of any number of attempts one answers
   * `true`. A token counts while it is the newest of its account and the password was not changed since it was made.
   */
  setPassword(terms: NewPasswordTerms): Promise<boolean>
}
