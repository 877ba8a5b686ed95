/** Asking for a link to set a new password. */
import { type Entropy, newId } from '@latchkey/clock'
import { badInput } from '@latchkey/problem'
import type { PersonalData } from '../../accounts/personal-data.ts'
import type { Allowances } from '../../allowances/allowance.ts'
import type { Audit, Cause } from '../../audit/audit.ts'
import { type EmailAddress, parseEmailAddress } from '../../email/email-address.ts'
import type { BlindIndexer } from '../../identifiers/blind-index.ts'
import type { LanguageChoice } from '../../mail/language.ts'
import { letter } from '../../mail/mail.ts'
import type { TokenIssuer } from '../../one-time-tokens/issuer.ts'
import type { Errand, Outbox } from '../../outbox/outbox.ts'
import { readProfile } from '../../profile/profile.ts'
import type { PasswordResetStore, ResetCandidate } from './store.ts'

export interface ResetRequestDependencies {
  readonly store: Pick<PasswordResetStore, 'candidate' | 'request'>
  readonly personalData: PersonalData
  readonly indexer: BlindIndexer
  readonly tokens: TokenIssuer
  readonly outbox: Outbox
  readonly audit: Audit
  readonly allowances: Allowances
  readonly entropy: Entropy
  readonly languageFor: LanguageChoice
  readonly publicUrl: string
  readonly wakeOutbox: () => void
}

/**
 * Mails a link to the owner of an address, where a link can help: not to who has no account, is suspended or deleted. All of
 * them cost and answer the same: one look-up, and one statement that writes four rows (ASVS 6.3.8). After three in an hour or
 * ten in a day for one address, the same again without a mail. Rejects with BAD_USER_INPUT for what is no address, and with
 * RATE_LIMITED where a network has used up what it may ask for.
 */
export type RequestReset = (
  input: { readonly email: string },
  cause: Cause,
) => Promise<{ readonly outcome: 'CHECK_YOUR_MAIL' }>

/** Whose password a link may set anew: a locked account is unlocked by it. */
export const isHelpable = ({ status }: Pick<ResetCandidate, 'status'>): boolean =>
  status === 'active' || status === 'locked'

export function createResetRequest(dependencies: ResetRequestDependencies): RequestReset {
  const { store, personalData, indexer, tokens, outbox, audit, allowances, entropy } = dependencies
  const { languageFor, publicUrl, wakeOutbox } = dependencies

  /** To the address that is stored, never to the one that was typed: two that look alike must not share a link. */
  function errandFor(candidate: ResetCandidate | null, token: string, { client }: Cause): Errand {
    if (!candidate || !isHelpable(candidate)) return { kind: 'nothing' }
    const { accountId, sealedKey, email, profile } = candidate
    const personal = personalData.withKey(accountId, sealedKey)
    const { locale } = readProfile(profile && personal.open('profile', profile))
    const recipient = { to: personal.open('email', email), language: languageFor(locale, client?.languages) }
    const link = `${publicUrl}/reset-password?token=${token}`
    return { kind: 'mail', mail: letter('reset-password', recipient, { link }), about: accountId }
  }

  async function request(address: EmailAddress, cause: Cause): Promise<void> {
    const candidate = await store.candidate(indexer.every(address))
    // An unknown address gets a token too, so that every path writes alike; it is never sent.
    const subjectId = candidate?.accountId ?? newId(entropy, 'usr')
    const emailIndex = indexer.newest(address)
    const { token, kept } = tokens.issue({ purpose: 'reset-password', subjectId, emailIndex })
    const errand = errandFor(candidate, token, cause)
    const outcome = errand.kind === 'mail' ? 'sent' : 'not sent'
    const event = { action: 'password.request-reset', target: subjectId, outcome } as const
    const counted = allowances.ofReset(address, cause.client)
    const { admitted, sentAt } = await store.request({
      consequences: { records: [audit(event, cause)], messages: [outbox.message(errand)], tokens: [kept] },
      withheld: audit({ ...event, detail: { mail: 'withheld' } }, cause),
      allowances: counted,
    })
    if (!admitted) throw allowances.refusal(counted.network, sentAt)
  }

  return async ({ email }, cause) => {
    const address = parseEmailAddress(email)
    if (!address) throw badInput({ 'input.email': 'must be an email address' })
    await request(address, cause)
    wakeOutbox()
    return { outcome: 'CHECK_YOUR_MAIL' }
  }
}
