/** Notices about API keys: ApiKeys knows the key, and here is known who answers for its owner and how they are reached. */
import type { Clock } from '@latchkey/clock'
import { isServiceAccount } from '@latchkey/principal/owner-kind'
import { isAccountId } from '../accounts/account.ts'
import type { Contact, Contacts } from '../accounts/contact.ts'
import type { PersonalData } from '../accounts/personal-data.ts'
import { isActive } from '../administration/standing.ts'
import type { AdministrationStore } from '../administration/store.ts'
import type { LanguageChoice } from '../mail/language.ts'
import { letter } from '../mail/mail.ts'
import type { Outbox } from '../outbox/outbox.ts'
import type { OutboxStore } from '../outbox/store.ts'
import type { ServiceAccountStore } from '../service-accounts/store.ts'
import { factsOf, type KeyNoticeInput, letterOf } from './key-notice.ts'

export interface KeyNoticeDependencies {
  readonly store: Pick<ServiceAccountStore, 'byId'>
  readonly administrationStore: Pick<AdministrationStore, 'byId'>
  readonly personalData: PersonalData
  readonly contacts: Contacts
  readonly languageFor: LanguageChoice
  readonly outbox: Outbox
  readonly outboxStore: Pick<OutboxStore, 'addOnce'>
  readonly clock: Clock
  readonly publicUrl: string
  readonly wakeOutbox: () => void
}

export interface KeyNotices {
  /**
   * Mails it to the owner, or to those who answer for the service account; to nobody whose account is not active, nor about
   * an account that is not. The same `ref` is mailed once to each.
   */
  send(notice: KeyNoticeInput): Promise<{ readonly outcome: 'SENT' | 'NOBODY' }>
}

export function createKeyNotices(dependencies: KeyNoticeDependencies): KeyNotices {
  const { store, administrationStore, personalData, contacts, languageFor, outbox, outboxStore, clock } = dependencies

  async function activeAccount(id: string) {
    const account = isAccountId(id) ? await administrationStore.byId(id) : null
    return account && isActive(account, clock.now()) ? account : null
  }

  const reachable = async (id: string): Promise<Contact | null> => ((await activeAccount(id)) ? contacts.of(id) : null)

  async function recipientsOf(ownerId: string): Promise<readonly Contact[]> {
    const ids = isServiceAccount(ownerId) ? ((await store.byId(ownerId))?.responsible ?? []) : [ownerId]
    const found = await Promise.all(ids.map(reachable))
    return found.filter((contact): contact is Contact => contact !== null)
  }

  return {
    async send(notice) {
      const owner = await activeAccount(notice.ownerId)
      if (!owner) return { outcome: 'NOBODY' }
      const holder = personalData.withKey(owner.id, owner.sealedKey).open('display_name', owner.displayName)
      const recipients = await recipientsOf(owner.id)
      for (const { accountId, address, locale } of recipients) {
        const recipient = { to: address.written, language: languageFor(locale) }
        const mail = letter(letterOf(notice), recipient, {
          link: dependencies.publicUrl,
          facts: factsOf(notice, holder),
        })
        const ref = `${notice.ref}_${accountId}`
        await outboxStore.addOnce(outbox.message({ kind: 'mail', mail, about: accountId }, clock.now(), ref))
      }
      if (recipients.length === 0) return { outcome: 'NOBODY' }
      dependencies.wakeOutbox()
      return { outcome: 'SENT' }
    },
  }
}
