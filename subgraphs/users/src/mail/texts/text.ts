/** What every language has to say. A language is a table of this shape: what is missing does not compile. */
import type { NoticeKind } from '../../notices/notice.ts'

/** Paragraphs before and after the link. `{name}` stands for a fact that the mail is given. */
export interface LetterText {
  readonly subject: string
  readonly before: readonly string[]
  readonly after: readonly string[]
}

export type LetterKind =
  | 'verification'
  | 'already-registered'
  | 'invitation'
  | 'reset-password'
  | 'email-change-confirmation'
  | 'email-change-refused'
  | 'email-changed'
  | 'email-change-undone'
  | 'address-removed'
  | 'deletion'
  | 'data-ready'
  | 'account-locked'
  | 'account-locked-without-link'
  | 'account-suspended'
  | 'account-suspended-until'
  | 'account-restored'
  | 'account-deleted'
  | `service-account-${'suspended' | 'suspended-until' | 'restored' | 'deleted'}`
  | 'keys-withdrawn'
  | 'sign-in-code'
  | 'sign-in-paused'
  | 'sign-in-closed'
  | 'sign-in-link'
  | 'step-up-code'
  | 'impersonated-to-look'
  | 'impersonated-to-change'
  | 'key-expires'
  | 'key-expires-tomorrow'
  | 'key-overlap-ends'
  | `webhook-${'gone' | 'failing'}`

export interface NoticeText {
  readonly subject: string
  readonly sentence: string
}

export interface MailTexts {
  readonly letters: Readonly<Record<LetterKind, LetterText>>
  readonly notices: Readonly<Record<NoticeKind, NoticeText>>
  /** What stands around the link of every notice. */
  readonly notMe: { readonly before: string; readonly after: string }
  readonly unknownDevice: string
}
