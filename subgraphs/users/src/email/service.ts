/** What can be done with email addresses: confirm one, and have the mail for it sent again. */
import { type Clock, type Entropy, newId } from '@latchkey/clock'
import { badInput } from '@latchkey/problem'
import type { Keyring } from '@latchkey/secrets'
import { openingOf } from '../accounts/opening.ts'
import type { PersonalData } from '../accounts/personal-data.ts'
import { openRegistration } from '../accounts/registration-seal.ts'
import type { Allowances } from '../allowances/allowance.ts'
import type { Audit, Cause } from '../audit/audit.ts'
import { consequencesOf } from '../consequences/consequences.ts'
import type { TellGrants } from '../grants/teller.ts'
import type { BlindIndexer } from '../identifiers/blind-index.ts'
import type { LanguageChoice } from '../mail/language.ts'
import { letter } from '../mail/mail.ts'
import { codeLifetimeMs, isCode, isCodeOf } from '../one-time-tokens/code.ts'
import { possibleMacs } from '../one-time-tokens/one-time-token.ts'
import type { Outbox } from '../outbox/outbox.ts'
import type { PasswordHasher } from '../passwords/hasher.ts'
import { type EmailAddress, parseEmailAddress } from './email-address.ts'
import type { Standing, Standings } from './standing.ts'
import type { Pending, VerificationStore } from './store.ts'
import type { VerificationMails } from './verification-mail.ts'

/** The token of the link, or the address and the code; and the password where the account is open already. */
export interface VerifyEmailInput {
  readonly token?: string | null
  readonly email?: string | null
  readonly code?: string | null
  readonly password?: string | null
}

export interface VerificationDependencies {
  readonly store: VerificationStore
  readonly standings: Standings
  readonly verificationMails: VerificationMails
  readonly languageFor: LanguageChoice
  readonly allowances: Allowances
  readonly hasher: PasswordHasher
  readonly keyring: Keyring
  readonly indexer: BlindIndexer
  readonly personalData: PersonalData
  readonly outbox: Outbox
  readonly audit: Audit
  readonly clock: Clock
  readonly entropy: Entropy
  readonly publicUrl: string
  readonly wakeOutbox: () => void
  readonly tellGrants: TellGrants
}

export interface VerificationService {
  /**
   * Confirms an address and opens its account. A token works once, for 24 hours, for the address it was sent to; a code for
   * 10 minutes and five tries, however many are made at once. While an account is in use with the address unconfirmed, only
   * who opened what the mail is about confirms it: signed in to it, or with its password, which has the same five tries.
   * Rejects with BAD_USER_INPUT unless the input
   * is either a token or an address and a code.
   */
  verify(input: VerifyEmailInput, cause: Cause): Promise<{ readonly outcome: 'VERIFIED' | 'REFUSED' }>
  /**
   * Sends the mail again to an address that waits for its confirmation; a notice to one that is confirmed, nothing to any
   * other. All of them cost, write and answer the same, and share the allowance of `register`.
   */
  resend(input: { readonly email: string }, cause: Cause): Promise<{ readonly outcome: 'CHECK_YOUR_MAIL' }>
}

export function createVerificationService(dependencies: VerificationDependencies): VerificationService {
  const { store, standings, verificationMails, languageFor, allowances, hasher, keyring, indexer } = dependencies
  const { outbox, audit, clock, entropy, publicUrl, wakeOutbox, tellGrants } = dependencies

  async function pendingOfCode(address: EmailAddress, code: string): Promise<Pending | null> {
    const now = clock.now()
    const since = new Date(now.getTime() - codeLifetimeMs)
    const tried = await store.tryCode(indexer.every(address), { now, since })
    return tried.find((kept) => isCodeOf(keyring, kept, { tokenId: kept.tokenId, code })) ?? null
  }

  async function pendingOfToken(token: string): Promise<Pending | null> {
    const macs = possibleMacs(keyring, 'verify-email', token)
    return macs.length > 0 ? store.pending(macs, clock.now()) : null
  }

  async function isWhoOpened(pending: Pending, password: string | null, { actor }: Cause): Promise<boolean> {
    if (actor.kind === 'user' && actor.id === pending.subjectId) return true
    if (password === null || !(await store.countTry(pending.tokenId))) return false
    return hasher.matches(password, pending.password)
  }

  function open({ tokenId, subjectId, personal, squatterId }: Pending, cause: Cause): Promise<boolean> {
    if (personal === null) return Promise.resolve(false)
    const openedAt = clock.now()
    const opening = openingOf(
      openRegistration(keyring, subjectId, personal),
      { id: subjectId, openedAt, verifiedAt: openedAt },
      dependencies,
    )
    const ended = squatterId === null ? [] : [outbox.message({ kind: 'grants', userId: squatterId })]
    const records = (['account.open', 'email.confirm'] as const).map((action) =>
      audit({ action, target: subjectId, outcome: 'verified' }, cause),
    )
    return store.open({ tokenId, ...opening, consequences: consequencesOf({ records, messages: ended }) })
  }

  async function told(userId: string): Promise<void> {
    wakeOutbox()
    await tellGrants(userId)
  }

  async function confirm({ tokenId, subjectId }: Pending, cause: Cause): Promise<boolean> {
    const records = [audit({ action: 'email.confirm', target: subjectId, outcome: 'verified' }, cause)]
    const messages = [outbox.message({ kind: 'grants', userId: subjectId })]
    const confirmed = await store.confirm({
      ...{ tokenId, at: clock.now(), consequences: consequencesOf({ records, messages }) },
    })
    if (confirmed) await told(subjectId)
    return confirmed
  }

  async function settle(pending: Pending, password: string | null, cause: Cause): Promise<boolean> {
    // An account is in use with this address, and its owner may be misled by a stranger's mail: the link is not enough.
    const isInUse = pending.isOpen || pending.squatterId !== null
    if (isInUse && !(await isWhoOpened(pending, password, cause))) return false
    if (pending.isOpen) return confirm(pending, cause)
    const opened = await open(pending, cause)
    if (opened && pending.squatterId !== null) await told(pending.squatterId)
    return opened
  }

  /** What is sent again, and what it is for; a subject that nobody has where there is nothing to confirm. */
  function resendingTo(address: EmailAddress, { holder, waiting }: Standing, languages?: string) {
    const subjectId = (holder?.confirmed ? null : holder?.accountId) ?? waiting?.registrationId ?? newId(entropy, 'usr')
    const known = waiting && openRegistration(keyring, waiting.registrationId, waiting.personal)
    const isHolders = holder !== null && waiting?.registrationId !== holder.accountId
    const { mail, kept } = verificationMails({
      subjectId,
      address,
      locale: holder?.locale ?? known?.locale ?? null,
      languages,
      openedAt: (isHolders ? holder.openedAt : waiting?.registeredAt) ?? clock.now(),
      device: isHolders ? null : (known?.device ?? null),
    })
    const recipient = { to: address.written, language: languageFor(holder?.locale, languages) }
    const notice = letter('already-registered', recipient, { link: publicUrl })
    if (holder?.confirmed)
      return {
        subjectId: holder.accountId,
        kept,
        errand: { kind: 'mail', mail: notice, about: holder.accountId } as const,
      }
    const errand =
      holder || waiting ? ({ kind: 'mail', mail, about: subjectId } as const) : ({ kind: 'nothing' } as const)
    return { subjectId, kept, errand }
  }

  return {
    async verify(input, cause) {
      const shown = parseVerification(input)
      const pending = await (shown.kind === 'token'
        ? pendingOfToken(shown.token)
        : pendingOfCode(shown.address, shown.code))
      const verified = pending !== null && (await settle(pending, input.password ?? null, cause))
      return { outcome: verified ? 'VERIFIED' : 'REFUSED' }
    },
    async resend({ email }, cause) {
      const address = parseEmailAddress(email)
      if (!address) throw badInput({ 'input.email': 'must be an email address' })
      const { subjectId, kept, errand } = resendingTo(
        address,
        await standings.of(address, clock.now()),
        cause.client?.languages,
      )
      const event = { action: 'email.resend', target: subjectId, outcome: 'asked' } as const
      const counted = allowances.of(address, cause.client)
      const { admitted, sentAt } = await store.resend({
        consequences: consequencesOf({
          records: [audit(event, cause)],
          messages: [outbox.message(errand)],
          tokens: [kept],
        }),
        withheld: audit({ ...event, detail: { mail: 'withheld' } }, cause),
        allowances: counted,
      })
      if (!admitted) throw allowances.refusal(counted.network, sentAt)
      wakeOutbox()
      return { outcome: 'CHECK_YOUR_MAIL' }
    },
  }
}

type Shown =
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'code'; readonly address: EmailAddress; readonly code: string }

/** Throws BAD_USER_INPUT unless exactly one of the two ways is taken. */
function parseVerification({ token, email, code }: VerifyEmailInput): Shown {
  const [hasToken, hasEmail, hasCode] = [token, email, code].map((part) => typeof part === 'string')
  const oneWay = 'give either the token, or the address and the code'
  if (hasToken && (hasEmail || hasCode)) throw badInput({ 'input.token': oneWay })
  if (typeof token === 'string') return { kind: 'token', token }
  if (typeof email !== 'string' || typeof code !== 'string')
    throw badInput({
      ...(hasEmail || hasCode ? {} : { 'input.token': oneWay }),
      ...(hasCode && !hasEmail ? { 'input.email': oneWay } : {}),
      ...(hasEmail && !hasCode ? { 'input.code': oneWay } : {}),
    })
  const address = parseEmailAddress(email)
  const faults = {
    ...(address ? {} : { 'input.email': 'must be an email address' }),
    ...(isCode(code) ? {} : { 'input.code': 'must be the eight digits from the mail' }),
  }
  if (!address || !isCode(code)) throw badInput(faults)
  return { kind: 'code', address, code }
}
