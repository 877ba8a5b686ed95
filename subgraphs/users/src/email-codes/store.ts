/** Everything codes by mail need from storage. */
import type { MailAllowances } from '../allowances/allowance.ts'
import type { Consequences } from '../consequences/consequences.ts'
import type { KeyedMac } from '../identifiers/keyed-mac.ts'
import type { EmailCodeSubject } from './email-code.ts'

export interface NewEmailCode extends EmailCodeSubject {
  readonly mac: KeyedMac
  readonly expiresAt: Date
  readonly allowances: MailAllowances
  readonly consequences: Consequences
}

export interface EmailCodeStore {
  /**
   * Keeps a code, in place of all that the account waits for, with the mail that carries it. `false`, and nothing written: the
   * account may not sign in or does not use such codes, or it was sent as many mails as may be.
   */
  add(code: NewEmailCode): Promise<boolean>
  /**
   * One try of `max`. Of any number of callers with the right code one gets an answer; of any number with wrong ones no more
   * than `max` are looked at.
   */
  use(
    tried: EmailCodeSubject & { macs: readonly KeyedMac[]; at: Date; max: number },
  ): Promise<{ readonly sessionEpoch: number } | null>
}
