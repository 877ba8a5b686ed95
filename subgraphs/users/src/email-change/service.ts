/** What can be done with the address of an account: ask for another one, confirm it, undo it. */
import type { Clock } from '@latchkey/clock'
import { badInput, Problem } from '@latchkey/problem'
import type { Keyring } from '@latchkey/secrets'
import type { Contacts } from '../accounts/contact.ts'
import type { PersonalData } from '../accounts/personal-data.ts'
import type { AccountStore } from '../accounts/store.ts'
import type { Allowances } from '../allowances/allowance.ts'
import type { Audit, Cause } from '../audit/audit.ts'
import { type Consequences, consequencesOf } from '../consequences/consequences.ts'
import { type EmailAddress, parseEmailAddress } from '../email/email-address.ts'
import type { Standings } from '../email/standing.ts'
import type { TellGrants } from '../grants/teller.ts'
import type { BlindIndexer } from '../identifiers/blind-index.ts'
import type { LanguageChoice } from '../mail/language.ts'
import { letter } from '../mail/mail.ts'
import type { Notices } from '../notices/notice.ts'
import type { TokenIssuer } from '../one-time-tokens/issuer.ts'
import { possibleMacs } from '../one-time-tokens/one-time-token.ts'
import type { Outbox } from '../outbox/outbox.ts'
import { readProfile } from '../profile/profile.ts'
import type { EmailChangePurpose, EmailChangeStore, ShownChange } from './store.ts'

export interface EmailChangeDependencies {
  readonly store: EmailChangeStore
  readonly accountStore: Pick<AccountStore, 'byId'>
  readonly contacts: Contacts
  readonly standings: Standings
  readonly allowances: Allowances
  readonly personalData: PersonalData
  readonly indexer: BlindIndexer
  readonly tokens: TokenIssuer
  readonly keyring: Keyring
  readonly outbox: Outbox
  readonly notices: Notices
  readonly audit: Audit
  readonly clock: Clock
  readonly languageFor: LanguageChoice
  readonly publicUrl: string
  readonly wakeOutbox: () => void
  readonly tellGrants: TellGrants
}

/** Whose session it is that asks, and is not ended with the others. */
export interface Asking {
  readonly accountId: string | null
  readonly sessionId: string | null
}

export interface EmailChangeService {
  /**
   * Sends a mail to the new address and a notice to the old one; nothing is changed until it is confirmed. To an address that is an account already
   * its owner gets a notice instead; both cost, write and answer the same (ASVS 6.3.8), and share the allowance of `register`.
   */
  request(
    input: { readonly newEmail: string },
    accountId: string,
    cause: Cause,
  ): Promise<{ outcome: 'CHECK_YOUR_MAIL' }>
  /** The account has the new address; the other sessions end, and the old address gets a way back for 72 hours. */
  confirm(token: string, asking: Asking, cause: Cause): Promise<{ readonly outcome: 'CHANGED' | 'REFUSED' }>
  /**
   * The account has the old address again, and is locked until its password is reset; both addresses are told. Second factors
   * that were added since the change are gone with it, and so is a deletion that is not an administrator's.
   */
  undo(token: string, cause: Cause): Promise<{ readonly outcome: 'UNDONE' | 'REFUSED' }>
}

const refused = { outcome: 'REFUSED' } as const

export function createEmailChangeService(dependencies: EmailChangeDependencies): EmailChangeService {
  const { store, accountStore, contacts, standings, allowances, personalData, indexer, tokens } = dependencies
  const { keyring, outbox, notices, audit, clock, languageFor, publicUrl, wakeOutbox, tellGrants } = dependencies

  async function shown(token: string, purpose: EmailChangePurpose) {
    const macs = possibleMacs(keyring, purpose, token)
    const found = macs.length > 0 ? await store.shown(macs, purpose, clock.now()) : null
    return found && opened(found, purpose)
  }

  function opened(change: ShownChange, purpose: EmailChangePurpose) {
    const personal = personalData.withKey(change.accountId, change.sealedKey)
    const profile = readProfile(change.profile && personal.open('profile', change.profile))
    return {
      ...change,
      personal,
      language: languageFor(profile.locale),
      current: addressOf(personal.open('email', change.email)),
      wanted: addressOf(personal.open(`one_time_tokens.payload:${purpose}`, change.payload)),
    }
  }

  type Opened = ReturnType<typeof opened>

  const changeOf = ({ tokenId, email, wanted, personal }: Opened) => ({
    tokenId,
    at: clock.now(),
    from: email,
    to: personal.seal('email', wanted.written),
    everyIndex: indexer.every(wanted),
  })

  /** None to an address that nobody has shown to be theirs: its owner would come to an account that a stranger made. */
  function wayBack({ accountId, personal, current, language, confirmed }: Opened): Partial<Consequences> {
    if (!confirmed) return {}
    const { token, kept } = tokens.issue({
      purpose: 'undo-email-change',
      subjectId: accountId,
      emailIndex: indexer.newest(current),
      payload: personal.seal('one_time_tokens.payload:undo-email-change', current.written),
    })
    const link = `${publicUrl}/undo-email-change?token=${token}`
    const mail = letter('email-changed', { to: current.written, language }, { link })
    return { messages: [outbox.message({ kind: 'mail', mail, about: accountId })], tokens: [kept] }
  }

  function wayIn({ accountId, wanted, current, language }: Opened) {
    const emailIndex = indexer.newest(wanted)
    const { token, kept } = tokens.issue({ purpose: 'reset-password', subjectId: accountId, emailIndex })
    const link = `${publicUrl}/reset-password?token=${token}`
    const back = letter('email-change-undone', { to: wanted.written, language }, { link })
    const removed = letter('address-removed', { to: current.written, language }, { link: publicUrl })
    return {
      messages: [back, removed].map((mail) => outbox.message({ kind: 'mail', mail, about: accountId })),
      tokens: [kept],
    }
  }

  const grantsOf = (userId: string) => ({
    messages: [outbox.message({ kind: 'grants', userId, ended: 'EMAIL_CHANGED' })],
  })

  /** An account that held the address without confirming it has ended, if there was one. */
  const squatterOf = async (address: EmailAddress): Promise<readonly string[]> => {
    const { holder } = await standings.of(address, clock.now())
    return holder && !holder.confirmed ? [holder.accountId] : []
  }

  async function told(...accountIds: readonly string[]): Promise<void> {
    wakeOutbox()
    await Promise.all(accountIds.map(tellGrants))
  }

  async function currentOf(accountId: string) {
    const [stored, contact] = await Promise.all([accountStore.byId(accountId), contacts.of(accountId)])
    if (!stored || !contact) throw new Problem('NOT_FOUND', 'no such account')
    return { personal: personalData.withKey(accountId, stored.sealedKey), contact }
  }

  return {
    async request({ newEmail }, accountId, cause) {
      const address = parseEmailAddress(newEmail)
      if (!address) throw badInput({ 'input.newEmail': 'must be an email address' })
      const { personal, contact } = await currentOf(accountId)
      if (contact.address.normalised === address.normalised)
        throw badInput({ 'input.newEmail': 'is your address already' })
      const { holder } = await standings.of(address, clock.now())
      const { token, kept } = tokens.issue({
        purpose: 'change-email',
        subjectId: accountId,
        emailIndex: indexer.newest(address),
        payload: personal.seal('one_time_tokens.payload:change-email', address.written),
      })
      const isTaken = holder?.confirmed === true
      const mail = isTaken
        ? letter('email-change-refused', recipient(address, holder.locale), { link: publicUrl })
        : letter('email-change-confirmation', recipient(address, contact.locale), {
            link: `${publicUrl}/confirm-email?token=${token}`,
          })
      const event = { action: 'email.request-change', target: accountId, outcome: 'asked' } as const
      const counted = allowances.of(address, cause.client)
      const { admitted, sentAt } = await store.request({
        accountId,
        at: clock.now(),
        consequences: consequencesOf(
          {
            records: [audit(event, cause)],
            messages: [outbox.message({ kind: 'mail', mail, about: isTaken ? holder.accountId : accountId })],
            tokens: [kept],
          },
          notices.about('email-change-requested', contact),
        ),
        withheld: audit({ ...event, detail: { mail: 'withheld' } }, cause),
        allowances: counted,
      })
      if (!admitted) throw allowances.refusal(counted.network, sentAt)
      wakeOutbox()
      return { outcome: 'CHECK_YOUR_MAIL' }
    },

    async confirm(token, { accountId, sessionId }, cause) {
      const change = await shown(token, 'change-email')
      if (!change || change.wanted.normalised === change.current.normalised) return refused
      const ended = await squatterOf(change.wanted)
      const records = [audit({ action: 'email.change', target: change.accountId, outcome: 'changed' }, cause)]
      const changed = await store.change({
        ...changeOf(change),
        keptSession: accountId === change.accountId ? sessionId : null,
        consequences: consequencesOf(
          { records },
          wayBack(change),
          ...[change.accountId, ...ended].map((id) => grantsOf(id)),
        ),
      })
      if (!changed) return refused
      await told(change.accountId, ...ended)
      return { outcome: 'CHANGED' }
    },

    async undo(token, cause) {
      const change = await shown(token, 'undo-email-change')
      if (!change || change.wanted.normalised === change.current.normalised) return refused
      const ended = await squatterOf(change.wanted)
      const records = [audit({ action: 'email.undo-change', target: change.accountId, outcome: 'undone' }, cause)]
      const undone = await store.undo({
        ...changeOf(change),
        withdrawn: audit({ action: 'second-factors.withdraw', target: change.accountId, outcome: 'done' }, cause),
        consequences: consequencesOf(
          { records },
          wayIn(change),
          ...[change.accountId, ...ended].map((id) => grantsOf(id)),
        ),
      })
      if (!undone) return refused
      await told(change.accountId, ...ended)
      return { outcome: 'UNDONE' }
    },
  }

  function recipient(address: EmailAddress, locale: string | null | undefined) {
    return { to: address.written, language: languageFor(locale) }
  }
}

function addressOf(written: string): EmailAddress {
  const address = parseEmailAddress(written)
  if (!address) throw new Error('an account holds an address that is none')
  return address
}
