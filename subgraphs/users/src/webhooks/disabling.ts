/** An endpoint that is gone, or where nothing has arrived for days, is switched off: on record, and told to whoever made it. */
import type { Keyring } from '@latchkey/secrets'
import type { Contacts } from '../accounts/contact.ts'
import { type Audit, ourselves } from '../audit/audit.ts'
import { consequencesOf } from '../consequences/consequences.ts'
import type { LanguageChoice } from '../mail/language.ts'
import { letter } from '../mail/mail.ts'
import type { Outbox } from '../outbox/outbox.ts'
import { openUrl } from './secret.ts'
import type { Disabled, TakenDelivery, WorkStore } from './store.ts'

export interface DisablingDependencies {
  readonly store: Pick<WorkStore, 'disable'>
  readonly contacts: Contacts
  readonly languageFor: LanguageChoice
  readonly keyring: Keyring
  readonly outbox: Outbox
  readonly audit: Audit
  readonly publicUrl: string
  readonly wakeOutbox: () => void
}

export interface Disabling {
  /** Once, however many processes find it out. What was to be sent there waits, and is sent when somebody enables it again. */
  disable(found: Omit<Disabled, 'consequences'> & Pick<TakenDelivery, 'url' | 'createdBy'>): Promise<void>
}

export function createDisabling(dependencies: DisablingDependencies): Disabling {
  const { store, contacts, languageFor, keyring, outbox, audit, publicUrl, wakeOutbox } = dependencies

  /** Its address may hold a secret: the mail says the host alone. */
  async function mailTo(accountId: string | null, host: string, why: Disabled['why']) {
    const contact = accountId === null ? null : await contacts.of(accountId)
    if (!contact) return []
    const recipient = { to: contact.address.written, language: languageFor(contact.locale) }
    const mail = letter(`webhook-${why}`, recipient, { link: publicUrl, facts: { host } })
    return [outbox.message({ kind: 'mail', mail, about: contact.accountId })]
  }

  return {
    async disable({ id, url, createdBy, why, at, failingBefore }) {
      const { host } = openUrl(keyring, { id, url })
      const record = audit(
        { action: 'webhook-endpoint.disable', target: id, outcome: 'disabled', detail: { why } },
        ourselves,
      )
      const consequences = consequencesOf({ records: [record], messages: await mailTo(createdBy, host, why) })
      if ((await store.disable({ id, why, at, failingBefore, consequences })) === 'disabled') wakeOutbox()
    },
  }
}
