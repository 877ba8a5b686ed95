/** Impersonations: who may be acted for, and that the person is told of it. */
import type { Clock } from '@latchkey/clock'
import { administers } from '@latchkey/principal/impersonation'
import { isServiceAccount } from '@latchkey/principal/owner-kind'
import { isAccountId } from '../accounts/account.ts'
import type { Contacts } from '../accounts/contact.ts'
import { isActive } from '../administration/standing.ts'
import type { Audit, Cause } from '../audit/audit.ts'
import { type Consequences, consequencesOf } from '../consequences/consequences.ts'
import type { GrantsStore } from '../grants/store.ts'
import type { LanguageChoice } from '../mail/language.ts'
import { letter } from '../mail/mail.ts'
import type { Outbox } from '../outbox/outbox.ts'
import type { RoleCatalogue } from '../roles/role.ts'

/** Whether the person is told by mail; it is among their security events in any case. */
export type ImpersonationNotice = 'mail' | 'none'

export interface ImpersonationDependencies {
  readonly grants: Pick<GrantsStore, 'byUser'>
  readonly catalogue: RoleCatalogue
  /** Writes them when the account is active; tells whether it was. */
  readonly write: (accountId: string, consequences: Consequences) => Promise<boolean>
  readonly contacts: Contacts
  readonly audit: Audit
  readonly outbox: Outbox
  readonly clock: Clock
  readonly publicUrl: string
  readonly languageFor: LanguageChoice
  readonly notice: ImpersonationNotice
  readonly wakeOutbox: () => void
}

export interface NoteImpersonationInput {
  readonly userId: string
  readonly staffId: string
  readonly write: boolean
}

export type NotedImpersonation =
  | { readonly outcome: 'NOTED'; readonly sessionEpoch: number }
  | { readonly outcome: 'UNKNOWN' | 'ADMINISTERS'; readonly sessionEpoch: null }

export interface Impersonations {
  /** Judges, puts on record and tells, in one statement. */
  note(input: NoteImpersonationInput, cause: Omit<Cause, 'actor'>): Promise<NotedImpersonation>
}

const refused = (outcome: 'UNKNOWN' | 'ADMINISTERS') => ({ outcome, sessionEpoch: null }) as const

export function createImpersonations(dependencies: ImpersonationDependencies): Impersonations {
  const { grants, catalogue, write, contacts, audit, outbox, clock, publicUrl, languageFor, notice, wakeOutbox } =
    dependencies

  /** What all their roles permit, those included whose second factor is missing: it may be enrolled in a minute. */
  const isAdministrator = (roles: readonly { readonly name: string; readonly scopes: readonly string[] }[]) =>
    administers([...catalogue.scopesOf(roles.map(({ name }) => name)), ...roles.flatMap(({ scopes }) => scopes)])

  async function mailTo(accountId: string, mayWrite: boolean): Promise<Partial<Consequences>> {
    const contact = notice === 'mail' ? await contacts.of(accountId) : null
    if (!contact) return {}
    const recipient = { to: contact.address.written, language: languageFor(contact.locale) }
    const mail = letter(mayWrite ? 'impersonated-to-change' : 'impersonated-to-look', recipient, { link: publicUrl })
    return { messages: [outbox.message({ kind: 'mail', mail, about: accountId })] }
  }

  return {
    async note({ userId, staffId, write: mayWrite }, cause) {
      const stored = isAccountId(userId) && !isServiceAccount(userId) ? await grants.byUser(userId) : null
      if (!stored || !isActive(stored, clock.now())) return refused('UNKNOWN')
      if (isAdministrator(stored.roles)) return refused('ADMINISTERS')
      const staff: Cause = { ...cause, actor: { kind: 'user', id: staffId, onBehalfOf: userId } }
      const record = audit(
        { action: 'sign-in.impersonate', target: userId, outcome: mayWrite ? 'to change' : 'to look' },
        staff,
      )
      if (!(await write(userId, consequencesOf({ records: [record] }, await mailTo(userId, mayWrite)))))
        return refused('UNKNOWN')
      wakeOutbox()
      return { outcome: 'NOTED', sessionEpoch: stored.sessionEpoch }
    },
  }
}
