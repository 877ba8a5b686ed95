/** The mail that confirms an address, and the token and code it carries. */
import type { BlindIndexer } from '../identifiers/blind-index.ts'
import { type LanguageChoice, textsIn } from '../mail/language.ts'
import { letter, type Mail } from '../mail/mail.ts'
import type { TokenIssuer } from '../one-time-tokens/issuer.ts'
import type { KeptToken } from '../one-time-tokens/one-time-token.ts'
import type { EmailAddress } from './email-address.ts'

export interface VerificationTerms {
  /** The registration or the account that is confirmed. */
  readonly subjectId: string
  readonly address: EmailAddress
  readonly locale: string | null
  /** What whoever causes the mail asks for (`Accept-Language`). */
  readonly languages: string | undefined
  /** When and with what it was opened: two mails to one address can be told apart. */
  readonly openedAt: Date
  readonly device: string | null
}

export type VerificationMails = (terms: VerificationTerms) => { readonly mail: Mail; readonly kept: KeptToken }

export interface VerificationMailDependencies {
  readonly tokens: TokenIssuer
  readonly indexer: BlindIndexer
  readonly languageFor: LanguageChoice
  readonly publicUrl: string
}

const minuteOf = (at: Date): string => `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`

export const createVerificationMails =
  ({ tokens, indexer, languageFor, publicUrl }: VerificationMailDependencies): VerificationMails =>
  ({ subjectId, address, locale, languages, openedAt, device }) => {
    const emailIndex = indexer.newest(address)
    const { token, code, kept } = tokens.issueWithCode({ purpose: 'verify-email', subjectId, emailIndex })
    const language = languageFor(locale, languages)
    const facts = { code, when: minuteOf(openedAt), device: device ?? textsIn[language].unknownDevice }
    const link = `${publicUrl}/verify-email?token=${token}`
    return { mail: letter('verification', { to: address.written, language }, { link, facts }), kept }
  }
