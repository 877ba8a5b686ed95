/** Stopped sign-ins: the owner of an account is told when wrong tries have stopped signing in, and how to get in all the same. */
import { isAccountId } from '../accounts/account.ts'
import type { Contact, Contacts } from '../accounts/contact.ts'
import type { Audit, Cause } from '../audit/audit.ts'
import { type Consequences, consequencesOf } from '../consequences/consequences.ts'
import type { BlindIndexer } from '../identifiers/blind-index.ts'
import type { LanguageChoice } from '../mail/language.ts'
import { letter } from '../mail/mail.ts'
import type { NewDeviceDependencies } from '../notices/new-device.ts'
import type { Notices } from '../notices/notice.ts'
import type { TokenIssuer } from '../one-time-tokens/issuer.ts'
import type { Outbox } from '../outbox/outbox.ts'

export type StoppedSignIn = 'PASSWORD_FROM_ONE_NETWORK' | 'PASSWORD_FROM_STRANGERS' | 'SECOND_FACTOR'

export interface StoppedSignInDependencies {
  readonly write: NewDeviceDependencies['write']
  readonly contacts: Contacts
  readonly notices: Notices
  readonly indexer: BlindIndexer
  readonly tokens: TokenIssuer
  readonly outbox: Outbox
  readonly audit: Audit
  readonly languageFor: LanguageChoice
  readonly publicUrl: string
  readonly wakeOutbox: () => void
}

export interface StoppedSignIns {
  /**
   * Puts it on record and sends the mail. Where passwords of strangers are not looked at any more, it has a link that proves that
   * it is them: a new password lets them in everywhere.
   */
  note(userId: string, what: StoppedSignIn, cause: Cause): Promise<{ readonly outcome: 'NOTED' | 'NOT_NOTED' }>
}

type Told = Pick<Consequences, 'messages' | 'tokens'>

export function createStoppedSignIns(dependencies: StoppedSignInDependencies): StoppedSignIns {
  const { write, contacts, notices, indexer, tokens, outbox, audit, languageFor, publicUrl, wakeOutbox } = dependencies

  const mailTo = ({ accountId, address, locale }: Contact, kind: 'sign-in-paused' | 'sign-in-closed', link: string) => {
    const mail = letter(kind, { to: address.written, language: languageFor(locale) }, { link })
    return outbox.message({ kind: 'mail', mail, about: accountId })
  }

  const told: Readonly<Record<StoppedSignIn, (contact: Contact) => Told>> = {
    PASSWORD_FROM_ONE_NETWORK: (contact) => ({ messages: [mailTo(contact, 'sign-in-paused', publicUrl)], tokens: [] }),
    PASSWORD_FROM_STRANGERS(contact) {
      const emailIndex = indexer.newest(contact.address)
      const { token, kept } = tokens.issue({ purpose: 'reset-password', subjectId: contact.accountId, emailIndex })
      const link = `${publicUrl}/reset-password?token=${token}`
      return { messages: [mailTo(contact, 'sign-in-closed', link)], tokens: [kept] }
    },
    // Whoever tries second factors knows the password: here the way to say "not me" is what is needed.
    SECOND_FACTOR: (contact) => notices.about('second-factors-refused', contact),
  }

  return {
    async note(userId, what, cause) {
      const contact = isAccountId(userId) ? await contacts.of(userId) : null
      if (!contact) return { outcome: 'NOT_NOTED' }
      const record = audit({ action: 'sign-in.stopped', target: userId, outcome: 'stopped', detail: { what } }, cause)
      const noted = await write(userId, consequencesOf({ records: [record] }, told[what](contact)))
      if (noted) wakeOutbox()
      return { outcome: noted ? 'NOTED' : 'NOT_NOTED' }
    },
  }
}
