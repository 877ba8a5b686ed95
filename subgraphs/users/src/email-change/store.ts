/** Everything a change of address needs from storage. */
import type { MailAllowances } from '../allowances/allowance.ts'
import type { CountedMail } from '../allowances/store.ts'
import type { AuditRecord } from '../audit/audit.ts'
import type { Consequences } from '../consequences/consequences.ts'
import type { BlindIndex } from '../identifiers/blind-index.ts'
import type { KeyedMac } from '../identifiers/keyed-mac.ts'

export type EmailChangePurpose = 'change-email' | 'undo-email-change'

/** What a token that was shown is about. */
export interface ShownChange {
  readonly tokenId: string
  readonly accountId: string
  /** The address that the account shall have, sealed with the account's key. */
  readonly payload: string
  /** The address that it has, sealed; and whether anybody has shown that it is theirs. */
  readonly email: string
  readonly confirmed: boolean
  readonly displayName: string
  readonly profile: string | null
  readonly sealedKey: string
}

export interface ChangeRequest {
  readonly accountId: string
  readonly at: Date
  readonly consequences: Consequences
  readonly withheld: AuditRecord
  readonly allowances: MailAllowances
}

export interface AddressChange {
  readonly tokenId: string
  readonly at: Date
  /** As it was read, sealed: another change in between makes this one void. */
  readonly from: string
  /** Sealed, and under every key of the index. */
  readonly to: string
  readonly everyIndex: readonly BlindIndex[]
  readonly consequences: Consequences
}

export interface EmailChangeStore {
  /** The mail and its token; the tokens of earlier requests are void. Or that it was withheld; or nothing, not admitted. */
  request(request: ChangeRequest): Promise<CountedMail>
  /** What an unused token of this purpose is about at `now`. */
  shown(macs: readonly KeyedMac[], purpose: EmailChangePurpose, now: Date): Promise<ShownChange | null>
  /**
   * Uses the token, and the account has the other address: found by it alone, its other sessions ended but `keptSession`.
   * One statement: of any number one answers `true`. `false`, and nothing changed: the token was used, the account is not
   * active or has another address by now, or the new one belongs to somebody.
   */
  change(change: AddressChange & { readonly keptSession: string | null }): Promise<boolean>
  /**
   * The same back again: every session ends, the account is locked, and what was asked in the meantime is void. `withdrawn` is
   * written when factors were taken back.
   */
  undo(change: AddressChange & { readonly withdrawn: AuditRecord }): Promise<boolean>
}
