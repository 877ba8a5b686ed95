/** Signing in with a mail: it carries a link and a code, and whoever shows one of them reads the mails of the address. */
import { type Clock, type Entropy, newId } from '@latchkey/clock'
import { badInput } from '@latchkey/problem'
import type { Keyring } from '@latchkey/secrets'
import type { Addressee, Addressees } from '../accounts/addressee.ts'
import type { Allowances } from '../allowances/allowance.ts'
import type { Audit, Cause } from '../audit/audit.ts'
import { consequencesOf } from '../consequences/consequences.ts'
import { parseEmailAddress } from '../email/email-address.ts'
import { parseEmailCode, spacedEmailCode } from '../email-codes/email-code.ts'
import type { TellGrants } from '../grants/teller.ts'
import type { BlindIndexer } from '../identifiers/blind-index.ts'
import { letter } from '../mail/mail.ts'
import { everyMacOfCode } from '../one-time-tokens/code.ts'
import type { IssuedCode, TokenIssuer } from '../one-time-tokens/issuer.ts'
import { possibleMacs } from '../one-time-tokens/one-time-token.ts'
import type { Errand, Outbox } from '../outbox/outbox.ts'
import type { SignInMailStore, UsedMail } from './store.ts'

export interface SignInMailDependencies {
  readonly store: SignInMailStore
  readonly addressees: Addressees
  readonly allowances: Allowances
  readonly indexer: BlindIndexer
  readonly tokens: TokenIssuer
  readonly outbox: Outbox
  readonly audit: Audit
  readonly keyring: Keyring
  readonly clock: Clock
  readonly entropy: Entropy
  readonly publicUrl: string
  readonly wakeOutbox: () => void
  readonly tellGrants: TellGrants
}

export type SignInMailCheck =
  | { readonly outcome: 'MATCH'; readonly userId: string; readonly namedUserId: string; readonly sessionEpoch: number }
  | {
      readonly outcome: 'NO_MATCH'
      readonly userId: null
      readonly namedUserId: string | null
      readonly sessionEpoch: null
    }

export interface SignInMailService {
  /**
   * Mails a link and a code to the owner of an address, for ten minutes (ASVS 6.5.5), where the account may sign in. Every
   * address costs, writes and answers the same (ASVS 6.3.8): one look-up, and one statement. `reference` is what the code is
   * shown with. Rejects with BAD_USER_INPUT for what is no address, with RATE_LIMITED as `resendVerification` does.
   */
  send(input: { readonly email: string }, cause: Cause): Promise<{ readonly reference: string }>
  /**
   * Uses a link. It works once, while the account may sign in, its address is the one the mail went to, and its password has
   * not changed since. Where nobody had confirmed the address, that is done, and what opened the account before ends.
   */
  useLink(token: string, cause: Cause): Promise<SignInMailCheck>
  /** The same with the code of the mail: five tries, however many are made at once (ASVS 6.6.3). */
  useCode(shown: { readonly reference: string; readonly code: string }, cause: Cause): Promise<SignInMailCheck>
}

const noMatch = { outcome: 'NO_MATCH', userId: null, namedUserId: null, sessionEpoch: null } as const

export function createSignInMailService(dependencies: SignInMailDependencies): SignInMailService {
  const { store, addressees, allowances, indexer, tokens, outbox, audit, keyring, clock, entropy } = dependencies
  const { publicUrl, wakeOutbox, tellGrants } = dependencies

  function errandFor(addressee: Addressee | null, { token, code }: IssuedCode): Errand {
    if (addressee?.status !== 'active') return { kind: 'nothing' }
    const facts = { code: spacedEmailCode(code) }
    const mail = letter('sign-in-link', addressee, { link: `${publicUrl}/sign-in?token=${token}`, facts })
    return { kind: 'mail', mail, about: addressee.accountId }
  }

  function ifConfirmed(userId: string, cause: Cause) {
    const records = [audit({ action: 'email.confirm', target: userId, outcome: 'verified' }, cause)]
    const consequences = consequencesOf({ records, messages: [outbox.message({ kind: 'grants', userId })] })
    const withdrawn = audit({ action: 'second-factors.withdraw', target: userId, outcome: 'done' }, cause)
    return { consequences, withdrawn }
  }

  async function checked({ namedUserId, userId, sessionEpoch, confirmed }: UsedMail): Promise<SignInMailCheck> {
    if (userId === null || sessionEpoch === null) return { ...noMatch, namedUserId }
    if (confirmed) {
      await tellGrants(userId)
      wakeOutbox()
    }
    return { outcome: 'MATCH', userId, namedUserId: userId, sessionEpoch }
  }

  return {
    async send({ email }, cause) {
      const address = parseEmailAddress(email)
      if (!address) throw badInput({ 'input.email': 'must be an email address' })
      const addressee = await addressees.of(address, cause.client?.languages)
      // An unknown address gets a token too, so that every path writes alike; it is never sent.
      const subjectId = addressee?.accountId ?? newId(entropy, 'usr')
      const issued = tokens.issueWithCode({ purpose: 'sign-in', subjectId, emailIndex: indexer.newest(address) })
      const errand = errandFor(addressee, issued)
      const outcome = errand.kind === 'mail' ? 'sent' : 'not sent'
      const event = { action: 'sign-in.request-mail', target: subjectId, outcome } as const
      const counted = allowances.ofSignIn(address, cause.client)
      const { admitted, sentAt } = await store.request({
        consequences: { records: [audit(event, cause)], messages: [outbox.message(errand)], tokens: [issued.kept] },
        withheld: audit({ ...event, detail: { mail: 'withheld' } }, cause),
        allowances: counted,
      })
      if (!admitted) throw allowances.refusal(counted.network, sentAt)
      wakeOutbox()
      return { reference: issued.kept.id }
    },
    async useLink(token, cause) {
      const at = clock.now()
      const macs = possibleMacs(keyring, 'sign-in', token)
      const subjectId = macs.length > 0 ? await store.subjectOfLink(macs, at) : null
      if (subjectId === null) return noMatch
      return checked(await store.useLink({ macs, at, ...ifConfirmed(subjectId, cause) }))
    },
    async useCode({ reference, code }, cause) {
      const at = clock.now()
      const digits = parseEmailCode(code)
      if (digits === null) return noMatch
      // Asked also where there is no such mail: a quicker answer would tell that nothing was looked at.
      const subjectId = (await store.subjectOfCode(reference, at)) ?? newId(entropy, 'usr')
      const codeMacs = everyMacOfCode(keyring, { tokenId: reference, code: digits })
      return checked(await store.useCode({ reference, codeMacs, at, ...ifConfirmed(subjectId, cause) }))
    },
  }
}
