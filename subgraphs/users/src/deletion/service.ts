/** What can be done about one's own account as a whole: delete it, and have it back while that is possible. */
import type { Clock } from '@latchkey/clock'
import { Problem } from '@latchkey/problem'
import type { Keyring } from '@latchkey/secrets'
import type { Contact, Contacts } from '../accounts/contact.ts'
import { restorableForMs } from '../administration/standing.ts'
import type { Audit, Cause } from '../audit/audit.ts'
import { consequencesOf } from '../consequences/consequences.ts'
import type { TellGrants } from '../grants/teller.ts'
import type { BlindIndexer } from '../identifiers/blind-index.ts'
import type { LanguageChoice } from '../mail/language.ts'
import { letter } from '../mail/mail.ts'
import type { TokenIssuer } from '../one-time-tokens/issuer.ts'
import { possibleMacs } from '../one-time-tokens/one-time-token.ts'
import type { Outbox } from '../outbox/outbox.ts'
import { judgedAgain } from '../roles/judged-again.ts'
import { administeringLostWith } from '../roles/last-administrator.ts'
import type { RoleBook } from '../roles/role-book.ts'
import type { RoleStore } from '../roles/store.ts'
import { confirmDeletion, type DeleteMeInput } from './deletion.ts'
import type { DeletionStore } from './store.ts'

export interface DeletionDependencies {
  readonly store: DeletionStore
  readonly roleStore: Pick<RoleStore, 'holder'>
  readonly book: () => Promise<RoleBook>
  readonly contacts: Contacts
  readonly indexer: BlindIndexer
  readonly tokens: TokenIssuer
  readonly outbox: Outbox
  readonly audit: Audit
  readonly keyring: Keyring
  readonly clock: Clock
  readonly languageFor: LanguageChoice
  readonly publicUrl: string
  readonly wakeOutbox: () => void
  readonly tellGrants: TellGrants
}

export interface DeletionService {
  /**
   * Deletes the account: sessions and keys are refused from the next request on, a mail says how to undo it, and after 30
   * days it is erased. BAD_USER_INPUT unless the address is repeated; CONFLICT for the last administrator.
   */
  deleteMe(userId: string, input: DeleteMeInput, cause: Cause): Promise<{ readonly eraseAt: Date }>
  /** Restores the account of a token, which works once, for 30 days and until the erasure begins. Sessions stay ended. */
  undo(token: string, cause: Cause): Promise<{ readonly outcome: 'RESTORED' | 'REFUSED' }>
}

export function createDeletionService(dependencies: DeletionDependencies): DeletionService {
  const { store, roleStore, book, contacts, indexer, tokens, outbox, audit, keyring, clock } = dependencies
  const { languageFor, publicUrl, wakeOutbox, tellGrants } = dependencies

  async function tellEveryone(userId: string): Promise<void> {
    wakeOutbox()
    await tellGrants(userId)
  }

  function mailAbout({ accountId, address, locale }: Contact, eraseAt: Date) {
    const emailIndex = indexer.newest(address)
    const { token, kept } = tokens.issue({ purpose: 'undo-deletion', subjectId: accountId, emailIndex })
    const link = `${publicUrl}/undo-deletion?token=${token}`
    const recipient = { to: address.written, language: languageFor(locale) }
    const facts = { day: eraseAt.toISOString().slice(0, 10) }
    const mail = letter('deletion', recipient, { link, facts })
    return { messages: [outbox.message({ kind: 'mail', mail, about: accountId })], tokens: [kept] }
  }

  return {
    async deleteMe(userId, input, cause) {
      const contact = await contacts.of(userId)
      if (!contact) throw new Problem('NOT_FOUND', `account ${userId}`)
      confirmDeletion(input, contact.address)
      const eraseAt = await judgedAgain(async () => {
        const [holder, roles] = await Promise.all([roleStore.holder(userId), book()])
        if (holder?.status !== 'active') throw new Problem('NOT_FOUND', `account ${userId} is not active`)
        const at = clock.now()
        const value = new Date(at.getTime() + restorableForMs)
        const written = await store.delete({
          ...{ stamp: roles.stamp, administering: administeringLostWith(holder, roles), holder, at, eraseAt: value },
          consequences: consequencesOf(mailAbout(contact, value), {
            records: [audit({ action: 'account.delete', target: userId, outcome: 'deleted' }, cause)],
            messages: [outbox.message({ kind: 'grants', userId })],
          }),
        })
        return { written, value }
      })
      await tellEveryone(userId)
      return { eraseAt }
    },

    async undo(token, cause) {
      const macs = possibleMacs(keyring, 'undo-deletion', token)
      const at = clock.now()
      const userId = macs.length > 0 ? await store.deletedAccount(macs, at) : null
      if (!userId) return { outcome: 'REFUSED' }
      const records = [audit({ action: 'account.restore', target: userId, outcome: 'undone' }, cause)]
      const messages = [outbox.message({ kind: 'grants', userId })]
      const restored = await store.restore({ macs, at, consequences: consequencesOf({ records, messages }) })
      if (restored) await tellEveryone(userId)
      return { outcome: restored ? 'RESTORED' : 'REFUSED' }
    },
  }
}
