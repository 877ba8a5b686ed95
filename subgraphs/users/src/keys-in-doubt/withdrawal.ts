/** Taking back API keys that somebody else may have left in an account: an errand of the outbox, for ApiKeys has to be asked. */
import type { Contact, Contacts } from '../accounts/contact.ts'
import { type Audit, ourselves } from '../audit/audit.ts'
import { consequencesOf } from '../consequences/consequences.ts'
import type { KeyHolder } from '../data-holders/data-holder.ts'
import type { TellGrants } from '../grants/teller.ts'
import type { LanguageChoice } from '../mail/language.ts'
import { letter } from '../mail/mail.ts'
import type { Outbox } from '../outbox/outbox.ts'
import type { KeysInDoubtStore } from './store.ts'

interface KeyWithdrawalDependencies {
  readonly store: KeysInDoubtStore
  readonly holder: KeyHolder
  readonly contacts: Contacts
  readonly outbox: Outbox
  readonly audit: Audit
  readonly languageFor: LanguageChoice
  readonly publicUrl: string
  readonly tellGrants: TellGrants
}

/**
 * Has the keys taken back. While the account is locked that is all; once it is open again they are taken back once more, for
 * whatever was still under way when it was locked, the person is told, and the keys that are left count again. Rejects when
 * ApiKeys cannot answer, to be tried again.
 */
export type WithdrawKeys = (accountId: string) => Promise<void>

export function createKeyWithdrawal(dependencies: KeyWithdrawalDependencies): WithdrawKeys {
  const { store, holder, contacts, outbox, audit, languageFor, publicUrl, tellGrants } = dependencies

  function mailTo({ accountId, address, locale }: Contact, count: number) {
    const recipient = { to: address.written, language: languageFor(locale) }
    const mail = letter('keys-withdrawn', recipient, { link: publicUrl, facts: { count: String(count) } })
    return outbox.message({ kind: 'mail', mail, about: accountId })
  }

  return async (accountId) => {
    const doubt = await store.of(accountId)
    if (!doubt) return
    const count = await holder.withdrawKeys(accountId, doubt.since)
    const contact = doubt.isActive ? await contacts.of(accountId) : null
    if (!contact) return
    const event = {
      action: 'api-keys.withdraw',
      target: accountId,
      outcome: 'done',
      detail: { keys: `${count}` },
    } as const
    const told = count === 0 ? {} : { records: [audit(event, ourselves)], messages: [mailTo(contact, count)] }
    const grants = { messages: [outbox.message({ kind: 'grants', userId: accountId })] }
    const settled = await store.settle({
      ...{ accountId, grantsEpoch: doubt.grantsEpoch, consequences: consequencesOf(told, grants) },
    })
    if (settled) await tellGrants(accountId)
  }
}
