/** What administrators can do with accounts: suspend, restore, delete, and change what others call them. */
import type { Clock } from '@latchkey/clock'
import { isServiceAccount } from '@latchkey/principal/owner-kind'
import { badInput, Problem } from '@latchkey/problem'
import { isAccountId } from '../accounts/account.ts'
import type { Contacts } from '../accounts/contact.ts'
import type { PersonalData } from '../accounts/personal-data.ts'
import type { Audit, AuditedAction } from '../audit/audit.ts'
import type { GrantsTeller } from '../grants/teller.ts'
import type { LanguageChoice } from '../mail/language.ts'
import { letter } from '../mail/mail.ts'
import type { LetterKind } from '../mail/texts/text.ts'
import type { Outbox, OutboxMessage } from '../outbox/outbox.ts'
import { judgedAgain } from '../roles/judged-again.ts'
import { administeringLostWith } from '../roles/last-administrator.ts'
import type { RoleBook } from '../roles/role-book.ts'
import type { RoleHolder, RoleStore } from '../roles/store.ts'
import type { ServiceAccountStore } from '../service-accounts/store.ts'
import { type Administrator, requireReach } from './administrator.ts'
import { deleted, faultOfRestoring, inGoodStanding, type KeptStanding, restorableForMs, suspended } from './standing.ts'
import type { AdministeredAccount, AdministrationStore } from './store.ts'
import { parseMoment, parseReason, reasonMax } from './words.ts'

export interface SuspendInput {
  readonly id: string
  readonly reason: string
  readonly until?: unknown
}

export interface DeleteInput {
  readonly id: string
  readonly reason?: string | null
}

export interface AdministrationDependencies {
  readonly store: AdministrationStore
  readonly roleStore: Pick<RoleStore, 'holder'>
  readonly book: () => Promise<RoleBook>
  readonly personalData: PersonalData
  readonly outbox: Outbox
  readonly audit: Audit
  readonly clock: Clock
  readonly grantsTeller: GrantsTeller
  readonly contacts: Contacts
  readonly serviceAccounts: Pick<ServiceAccountStore, 'byId' | 'activePeople'>
  readonly languageFor: LanguageChoice
  readonly publicUrl: string
  readonly wakeOutbox: () => void
}

/**
 * When a change resolves it counts with the next request of every session and key, on every process (ASVS 7.4.2, 8.3.2). All
 * sessions end with it and stay ended. Nobody does it to themselves, nor to an account that permits more than they hold. The person is told by mail, and
 * of a service account those who answer for it.
 * Rejects with CONFLICT when no active administrator would be left.
 */
export interface AdministrationService {
  /** A new suspension replaces the one before it. One with an end is over at that moment by itself. */
  suspend(input: SuspendInput, by: Administrator): Promise<{ readonly id: string }>
  /**
   * Lifts a suspension, a lock, or a deletion that is less than 30 days old. An account that was locked, then or before, has no
   * password afterwards: its owner sets one by mail.
   */
  restore(id: string, by: Administrator): Promise<{ readonly id: string }>
  /** The account is erased 30 days later; until then its address stays taken. */
  remove(input: DeleteInput, by: Administrator): Promise<{ readonly id: string }>
}

interface Read {
  readonly account: AdministeredAccount
  readonly holder: RoleHolder
  readonly roles: RoleBook
}

interface Change {
  readonly standing: KeptStanding
  readonly messages: readonly OutboxMessage[]
  /** What the person is told, or whoever answers for a service account. */
  readonly mail: `account-${'suspended' | 'suspended-until' | 'restored' | 'deleted'}`
  readonly facts?: Readonly<Record<string, string>>
}

const dayOf = (moment: Date): string => moment.toISOString().slice(0, 10)

export function createAdministrationService(dependencies: AdministrationDependencies): AdministrationService {
  const { store, roleStore, book, personalData, outbox, audit, clock, grantsTeller } = dependencies
  const { contacts, languageFor, publicUrl, wakeOutbox, serviceAccounts } = dependencies

  async function read(id: string): Promise<Read> {
    const known = isAccountId(id)
    const [account, holder, roles] = await Promise.all([
      known ? store.byId(id) : null,
      known ? roleStore.holder(id) : null,
      book(),
    ])
    if (!account || !holder) throw new Problem('NOT_FOUND', 'no such account')
    return { account, holder, roles }
  }

  const sealReason = ({ id, sealedKey }: AdministeredAccount, reason: string) =>
    personalData.withKey(id, sealedKey).seal('suspended_reason', reason)

  async function answeringFor(serviceAccountId: string): Promise<readonly string[]> {
    const account = await serviceAccounts.byId(serviceAccountId)
    return account ? serviceAccounts.activePeople(account.responsible) : []
  }

  /** Without the reason: that is for administrators. */
  async function mailsAbout(account: AdministeredAccount, { mail, facts = {} }: Change): Promise<OutboxMessage[]> {
    const { id, sealedKey, displayName } = account
    const isService = isServiceAccount(id)
    const holder = personalData.withKey(id, sealedKey).open('display_name', displayName)
    const kind: LetterKind = isService ? `service-${mail}` : mail
    const recipients = await Promise.all((isService ? await answeringFor(id) : [id]).map(contacts.of))
    return recipients.flatMap((contact) => {
      if (!contact) return []
      const recipient = { to: contact.address.written, language: languageFor(contact.locale) }
      const written = letter(kind, recipient, { link: publicUrl, facts: { ...facts, holder } })
      return [outbox.message({ kind: 'mail', mail: written, about: contact.accountId })]
    })
  }

  /** Where the account stands from now on, and everything that follows from it. */
  async function change(
    id: string,
    action: AuditedAction & `account.${'suspend' | 'restore' | 'delete'}`,
    by: Administrator,
    judge: (account: AdministeredAccount) => Change,
  ): Promise<{ readonly id: string }> {
    if (id === by.userId) throw new Problem('FORBIDDEN', 'oneself', { message: 'Nobody does this to themselves.' })
    return judgedAgain(async () => {
      const { account, holder, roles } = await read(id)
      requireReach(by, roles.beyondEveryone(roles.scopesOf(holder.roles)), 'The account')
      const change = judge(account)
      const { standing, messages } = change
      const record = audit({ action, target: id, outcome: standing.status }, by.cause)
      const written = await store.changeStanding({
        stamp: roles.stamp,
        administering: standing.status === 'active' ? null : administeringLostWith(holder, roles),
        holder,
        standing,
        at: clock.now(),
        consequences: {
          records: [record],
          messages: [
            outbox.message({ kind: 'grants', userId: id }),
            ...messages,
            ...(await mailsAbout(account, change)),
          ],
          tokens: [],
        },
      })
      if (written === 'done') {
        wakeOutbox()
        await grantsTeller.tell(id)
      }
      return { written, value: { id } }
    })
  }

  function parseUntil(until: unknown): Date | null {
    if (until === undefined || until === null) return null
    const moment = parseMoment(until)
    if (!moment || moment <= clock.now()) throw badInput({ 'input.until': 'must be a moment in the future, RFC 3339' })
    return moment
  }

  const refuseDeleted = ({ status }: AdministeredAccount) => {
    if (status !== 'deleted') return
    throw new Problem('CONFLICT', 'deleted', { message: 'The account is deleted. Restore it first.' })
  }

  /** The end of a suspension would let in whoever the owner locked out. */
  const refuseLocked = ({ status }: AdministeredAccount) => {
    if (status !== 'locked') return
    throw new Problem('CONFLICT', 'locked', {
      message: 'The account is locked until its owner sets a new password. Suspend it without an end.',
    })
  }

  return {
    async suspend({ id, reason: written, until: asked }, by) {
      const reason = parseReason(written)
      if (!reason) throw badInput({ 'input.reason': `must be 1 to ${reasonMax} characters` })
      const until = parseUntil(asked)
      return change(id, 'account.suspend', by, (account) => {
        refuseDeleted(account)
        if (until) refuseLocked(account)
        const end = until && outbox.message({ kind: 'suspension-end', userId: id, until: until.toISOString() }, until)
        const sealed = sealReason(account, reason)
        return {
          standing: suspended({ at: clock.now(), until, reason: sealed, by: by.userId }),
          messages: end ? [end] : [],
          ...(until
            ? {
                mail: 'account-suspended-until',
                facts: { until: `${until.toISOString().slice(0, 16).replace('T', ' ')} UTC` },
              }
            : { mail: 'account-suspended' }),
        }
      })
    },
    restore: (id, by) =>
      change(id, 'account.restore', by, (account) => {
        const fault = faultOfRestoring(account, clock.now())
        if (fault) throw new Problem('CONFLICT', 'not to be restored', { message: fault })
        return { standing: inGoodStanding, messages: [], mail: 'account-restored' }
      }),
    async remove({ id, reason: written }, by) {
      const reason = typeof written === 'string' ? parseReason(written) : null
      if (typeof written === 'string' && !reason)
        throw badInput({ 'input.reason': `must be 1 to ${reasonMax} characters, or left out` })
      return change(id, 'account.delete', by, (account) => {
        refuseDeleted(account)
        const sealed = reason && sealReason(account, reason)
        const standing = deleted({ at: clock.now(), reason: sealed, by: by.userId })
        const facts = { day: dayOf(new Date(clock.now().getTime() + restorableForMs)) }
        return { standing, messages: [], mail: 'account-deleted', facts }
      })
    },
  }
}
