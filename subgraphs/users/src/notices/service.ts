/** What can be done with a security notice: say that it was not you. */
import type { Clock } from '@latchkey/clock'
import type { Keyring } from '@latchkey/secrets'
import type { Contact, Contacts } from '../accounts/contact.ts'
import type { Audit, Cause } from '../audit/audit.ts'
import { type Consequences, consequencesOf } from '../consequences/consequences.ts'
import type { TellGrants } from '../grants/teller.ts'
import type { BlindIndexer } from '../identifiers/blind-index.ts'
import type { LanguageChoice } from '../mail/language.ts'
import { letter } from '../mail/mail.ts'
import type { TokenIssuer } from '../one-time-tokens/issuer.ts'
import { possibleMacs } from '../one-time-tokens/one-time-token.ts'
import type { Outbox } from '../outbox/outbox.ts'
import type { NotMeStore, ShownNotice } from './store.ts'

export interface NotMeDependencies {
  readonly store: NotMeStore
  readonly contacts: Contacts
  readonly indexer: BlindIndexer
  readonly tokens: TokenIssuer
  readonly keyring: Keyring
  readonly outbox: Outbox
  readonly audit: Audit
  readonly clock: Clock
  readonly languageFor: LanguageChoice
  readonly publicUrl: string
  readonly wakeOutbox: () => void
  readonly tellGrants: TellGrants
}

export interface NotMeService {
  /**
   * Ends every session of the account that the notice was about, locks it until its password is reset, and mails the link
   * for that: to the address that the notice went to, if it is still the account's. Second factors that were added with or
   * after what the notice is about are gone, so that whoever added them does not come back. A token works once, for 72 hours.
   */
  report(token: string, cause: Cause): Promise<{ readonly outcome: 'LOCKED' | 'REFUSED' }>
}

export function createNotMeService(dependencies: NotMeDependencies): NotMeService {
  const { store, contacts, indexer, tokens, keyring, outbox, audit, clock } = dependencies
  const { languageFor, publicUrl, wakeOutbox, tellGrants } = dependencies

  /** Whoever took the address over meanwhile is not handed the way in. */
  function mailTo(contact: Contact, { sentTo }: ShownNotice): Pick<Consequences, 'messages' | 'tokens'> {
    const { accountId, address, locale } = contact
    const recipient = { to: address.written, language: languageFor(locale) }
    if (!indexer.isOf(address, sentTo)) {
      const mail = letter('account-locked-without-link', recipient, { link: publicUrl })
      return { messages: [outbox.message({ kind: 'mail', mail, about: accountId })], tokens: [] }
    }
    const emailIndex = indexer.newest(address)
    const { token, kept } = tokens.issue({ purpose: 'reset-password', subjectId: accountId, emailIndex })
    const mail = letter('account-locked', recipient, { link: `${publicUrl}/reset-password?token=${token}` })
    return { messages: [outbox.message({ kind: 'mail', mail, about: accountId })], tokens: [kept] }
  }

  return {
    async report(token, cause) {
      const at = clock.now()
      const macs = possibleMacs(keyring, 'not-me', token)
      const shown = macs.length > 0 ? await store.shown(macs, at) : null
      const contact = shown && (await contacts.of(shown.accountId))
      if (!shown || !contact) return { outcome: 'REFUSED' }
      const { accountId } = contact
      const consequences = consequencesOf(
        { records: [audit({ action: 'account.lock', target: accountId, outcome: 'not-me' }, cause)] },
        { messages: [outbox.message({ kind: 'grants', userId: accountId })] },
        mailTo(contact, shown),
      )
      const withdrawn = audit({ action: 'second-factors.withdraw', target: accountId, outcome: 'done' }, cause)
      if (!(await store.lock({ tokenId: shown.tokenId, at, consequences, withdrawn }))) return { outcome: 'REFUSED' }
      wakeOutbox()
      await tellGrants(accountId)
      return { outcome: 'LOCKED' }
    },
  }
}
