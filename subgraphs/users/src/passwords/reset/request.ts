/** Asking for a link to set a new password. */
import { type Entropy, newId } from '@latchkey/clock'
import { badInput } from '@latchkey/problem'
import type { Addressee, Addressees } from '../../accounts/addressee.ts'
import type { Allowances } from '../../allowances/allowance.ts'
import type { Audit, Cause } from '../../audit/audit.ts'
import { type EmailAddress, parseEmailAddress } from '../../email/email-address.ts'
import type { BlindIndexer } from '../../identifiers/blind-index.ts'
import { letter } from '../../mail/mail.ts'
import type { TokenIssuer } from '../../one-time-tokens/issuer.ts'
import type { Errand, Outbox } from '../../outbox/outbox.ts'
import type { PasswordResetStore } from './store.ts'

export interface ResetRequestDependencies {
  readonly store: Pick<PasswordResetStore, 'request'>
  readonly addressees: Addressees
  readonly indexer: BlindIndexer
  readonly tokens: TokenIssuer
  readonly outbox: Outbox
  readonly audit: Audit
  readonly allowances: Allowances
  readonly entropy: Entropy
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
export const isHelpable = ({ status }: Pick<Addressee, 'status'>): boolean => status === 'active' || status === 'locked'

export function createResetRequest(dependencies: ResetRequestDependencies): RequestReset {
  const { store, addressees, indexer, tokens, outbox, audit, allowances, entropy } = dependencies
  const { publicUrl, wakeOutbox } = dependencies

  function errandFor(addressee: Addressee | null, token: string): Errand {
    if (!addressee || !isHelpable(addressee)) return { kind: 'nothing' }
    const link = `${publicUrl}/reset-password?token=${token}`
    return { kind: 'mail', mail: letter('reset-password', addressee, { link }), about: addressee.accountId }
  }

  async function request(address: EmailAddress, cause: Cause): Promise<void> {
    const addressee = await addressees.of(address, cause.client?.languages)
    // An unknown address gets a token too, so that every path writes alike; it is never sent.
    const subjectId = addressee?.accountId ?? newId(entropy, 'usr')
    const emailIndex = indexer.newest(address)
    const { token, kept } = tokens.issue({ purpose: 'reset-password', subjectId, emailIndex })
    const errand = errandFor(addressee, token)
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
