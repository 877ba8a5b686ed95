/** What administrators can do for people who have no account yet: open one, and invite them to it. */
import { type Clock, dayMs } from '@latchkey/clock'
import { badInput, Problem } from '@latchkey/problem'
import { displayNameMax, isAccountId, parseDisplayName } from '../accounts/account.ts'
import type { Contacts } from '../accounts/contact.ts'
import type { AccountStore } from '../accounts/store.ts'
import { type Administrator, requireReach } from '../administration/administrator.ts'
import { externalIdMax, parseExternalId } from '../administration/words.ts'
import type { Audit } from '../audit/audit.ts'
import type { Consequences } from '../consequences/consequences.ts'
import { type EmailAddress, parseEmailAddress } from '../email/email-address.ts'
import type { BlindIndexer } from '../identifiers/blind-index.ts'
import type { LanguageChoice } from '../mail/language.ts'
import { letter } from '../mail/mail.ts'
import type { TokenIssuer } from '../one-time-tokens/issuer.ts'
import type { Outbox } from '../outbox/outbox.ts'
import { judgedAgain } from '../roles/judged-again.ts'
import type { RoleBook } from '../roles/role-book.ts'
import type { Newcomer, OpenedAccounts } from './opened-account.ts'
import type { InvitationStore } from './store.ts'

export interface CreateUserInput {
  readonly email: string
  readonly displayName: string
  readonly roles?: readonly string[] | null
  readonly externalId?: string | null
}

export interface InvitationDependencies {
  readonly store: InvitationStore
  readonly accounts: Pick<AccountStore, 'idByEmail'>
  readonly book: () => Promise<RoleBook>
  readonly openedAccount: OpenedAccounts
  readonly contacts: Contacts
  readonly indexer: BlindIndexer
  readonly tokens: TokenIssuer
  readonly outbox: Outbox
  readonly audit: Audit
  readonly clock: Clock
  readonly publicUrl: string
  readonly languageFor: LanguageChoice
  readonly wakeOutbox: () => void
}

export interface InvitationService {
  /**
   * Opens an account whose address nobody has confirmed and which has no password, and sends the invitation to set one: an
   * administrator never does (ASVS 6.4.6). CONFLICT when the address or the external id is taken.
   */
  create(input: CreateUserInput, by: Administrator): Promise<{ readonly id: string }>
  /** A new invitation; those before it are void. At most ten for an account in a day, the first one included. */
  resend(id: string, by: Administrator): Promise<{ readonly outcome: 'SENT' | 'WITHHELD' | 'ACCEPTED_ALREADY' }>
}

const invitationsADay = 10
const rolesGivenMax = 50

function parseNewcomer({ email, displayName, roles, externalId }: CreateUserInput, book: RoleBook): Newcomer {
  const address = parseEmailAddress(email)
  const name = parseDisplayName(displayName)
  const external = typeof externalId === 'string' ? parseExternalId(externalId) : null
  const given = [...new Set(roles ?? [])]
  const areKnown = given.length <= rolesGivenMax && given.every((role) => book.stored(role))
  const isExternalWrong = typeof externalId === 'string' && !external
  const faults = {
    ...(address ? {} : { 'input.email': 'must be an email address' }),
    ...(name ? {} : { 'input.displayName': `must be 1 to ${displayNameMax} printable characters` }),
    ...(areKnown ? {} : { 'input.roles': `must be names of roles that exist, at most ${rolesGivenMax}` }),
    ...(isExternalWrong ? { 'input.externalId': `must be 1 to ${externalIdMax} printable characters` } : {}),
  }
  if (!address || !name || Object.keys(faults).length > 0) throw badInput(faults)
  return { address, displayName: name, externalId: external, roles: given }
}

const conflict = (message: string) => new Problem('CONFLICT', 'taken', { message })

export function createInvitationService(dependencies: InvitationDependencies): InvitationService {
  const {
    store,
    accounts,
    book,
    openedAccount,
    contacts,
    indexer,
    tokens,
    outbox,
    audit,
    clock,
    publicUrl,
    languageFor,
    wakeOutbox,
  } = dependencies

  function invitation(id: string, address: EmailAddress): Pick<Consequences, 'messages' | 'tokens'> {
    const emailIndex = indexer.newest(address)
    const { token, kept } = tokens.issue({ purpose: 'invitation', subjectId: id, emailIndex })
    const recipient = { to: address.written, language: languageFor(null) }
    const mail = letter('invitation', recipient, { link: `${publicUrl}/accept-invitation?token=${token}` })
    return { messages: [outbox.message({ kind: 'mail', mail, about: id })], tokens: [kept] }
  }

  async function requireFree({ address, externalId }: Newcomer): Promise<void> {
    if (await accounts.idByEmail(indexer.every(address))) throw conflict('An account has this address already.')
    if (externalId && (await store.idByExternalId(indexer.everyOf('external-id', externalId))))
      throw conflict('An account has this external id already.')
  }

  return {
    async create(input, by) {
      const created = await judgedAgain(async () => {
        const roles = await book()
        const newcomer = parseNewcomer(input, roles)
        requireReach(by, roles.beyondEveryone(roles.scopesOf(newcomer.roles)), 'What the account would hold')
        await requireFree(newcomer)
        const account = openedAccount(newcomer)
        const record = audit({ action: 'account.create', target: account.id, outcome: 'invited' }, by.cause)
        const consequences = { records: [record], ...invitation(account.id, newcomer.address) }
        const opened = await store.open({ stamp: roles.stamp, account, consequences })
        if (opened === 'taken') throw conflict('An account has this address or this external id already.')
        return { written: opened === 'opened' ? 'done' : 'stale', value: { id: account.id } }
      })
      wakeOutbox()
      return created
    },
    async resend(id, by) {
      const [invited, contact] = isAccountId(id)
        ? await Promise.all([store.invited(id), contacts.of(id)])
        : [null, null]
      if (!invited || !contact) throw new Problem('NOT_FOUND', 'no such account')
      if (invited.state === 'inactive') throw conflict('The account is not active. Restore it first.')
      if (invited.state === 'accepted') return { outcome: 'ACCEPTED_ALREADY' }
      const now = clock.now()
      const record = audit({ action: 'account.create', target: id, outcome: 'invited-again' }, by.cause)
      const since = new Date(now.getTime() - dayMs)
      const consequences = { records: [record], ...invitation(id, contact.address) }
      const sent = await store.resend({ accountId: id, now, since, max: invitationsADay, consequences })
      if (sent) wakeOutbox()
      return { outcome: sent ? 'SENT' : 'WITHHELD' }
    },
  }
}
