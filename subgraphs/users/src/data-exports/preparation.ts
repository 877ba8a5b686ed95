/** Puts together everything that is held of a person: an errand, because the other data holders have to be asked. */
import type { Clock } from '@latchkey/clock'
import type { Contacts } from '../accounts/contact.ts'
import type { PersonalData } from '../accounts/personal-data.ts'
import type { AccountStore } from '../accounts/store.ts'
import type { DataHolder } from '../data-holders/data-holder.ts'
import type { LanguageChoice } from '../mail/language.ts'
import { letter } from '../mail/mail.ts'
import type { Outbox } from '../outbox/outbox.ts'
import { type Contributor, keptForMs } from './data-export.ts'
import type { DataExportStore } from './store.ts'

interface PreparationDependencies {
  readonly store: DataExportStore
  readonly accountStore: Pick<AccountStore, 'byId'>
  readonly contacts: Contacts
  readonly personalData: PersonalData
  readonly contributors: readonly Contributor[]
  readonly holders: readonly DataHolder[]
  readonly outbox: Outbox
  readonly clock: Clock
  readonly languageFor: LanguageChoice
  readonly publicUrl: string
}

/** Rejects while a data holder cannot answer: half a document is none, and the outbox tries again. */
export function createPreparation(dependencies: PreparationDependencies) {
  const { store, accountStore, contacts, personalData, contributors, holders, outbox, clock } = dependencies
  const { languageFor, publicUrl } = dependencies

  async function documentOf(accountId: string, at: Date): Promise<string> {
    const own = await Promise.all(contributors.map(async ({ name, of }) => [name, await of(accountId)] as const))
    const theirs = await Promise.all(
      holders.map(async (holder) => [holder.name, await holder.personalData(accountId)] as const),
    )
    const users = Object.fromEntries(own)
    return JSON.stringify({ format: 1, accountId, madeAt: at, users, ...Object.fromEntries(theirs) })
  }

  return async ({ userId, exportId }: { readonly userId: string; readonly exportId: string }): Promise<void> => {
    const readyAt = clock.now()
    const [account, contact] = await Promise.all([accountStore.byId(userId), contacts.of(userId)])
    if (!account || !contact || !(await store.isWaiting(exportId, readyAt))) return
    const document = await documentOf(userId, readyAt)
    const recipient = { to: contact.address.written, language: languageFor(contact.locale) }
    const mail = letter('data-ready', recipient, { link: publicUrl })
    await store.prepared({
      ...{ exportId, accountId: userId, readyAt, expiresAt: new Date(readyAt.getTime() + keptForMs) },
      document: personalData.withKey(userId, account.sealedKey).seal(`data_exports.document:${exportId}`, document),
      consequences: { records: [], messages: [outbox.message({ kind: 'mail', mail, about: userId })], tokens: [] },
    })
  }
}
