/** Security notices: what the owner of an account is told when something about it changes, and how to say that it was not them. */
import type { Contact } from '../accounts/contact.ts'
import type { Consequences } from '../consequences/consequences.ts'
import type { BlindIndexer } from '../identifiers/blind-index.ts'
import type { LanguageChoice } from '../mail/language.ts'
import { noticeMail } from '../mail/mail.ts'
import type { TokenIssuer } from '../one-time-tokens/issuer.ts'
import type { Outbox } from '../outbox/outbox.ts'

/** What happened (ASVS 6.3.7). */
export type NoticeKind =
  | 'email-change-requested'
  | 'email-changed'
  | 'password-changed'
  | 'password-reset'
  | 'totp-added'
  | 'totp-removed'
  | 'passkey-added'
  | 'passkey-removed'
  | 'passkey-alarm'
  | 'recovery-codes-regenerated'
  | 'recovery-code-used'
  | 'email-codes-enabled'
  | 'email-codes-disabled'
  | 'new-device'
  | 'second-factors-refused'
  | 'token-reused'

export interface Notices {
  /** The mail, with a link that says it was somebody else, and the token of that link. For the statement of the change. */
  about(kind: NoticeKind, contact: Contact): Pick<Consequences, 'messages' | 'tokens'>
}

export interface NoticeDependencies {
  readonly indexer: BlindIndexer
  readonly tokens: TokenIssuer
  readonly outbox: Outbox
  readonly publicUrl: string
  readonly languageFor: LanguageChoice
}

export const createNotices = ({ indexer, tokens, outbox, publicUrl, languageFor }: NoticeDependencies): Notices => ({
  about(kind, { accountId, address, locale }) {
    const emailIndex = indexer.newest(address)
    const { token, kept } = tokens.issue({ purpose: 'not-me', subjectId: accountId, emailIndex })
    const recipient = { to: address.written, language: languageFor(locale) }
    const mail = noticeMail(kind, recipient, `${publicUrl}/not-me?token=${token}`)
    return { messages: [outbox.message({ kind: 'mail', mail, about: accountId })], tokens: [kept] }
  },
})
