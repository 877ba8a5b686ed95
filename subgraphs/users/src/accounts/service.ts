/** What can be done with accounts. */
import { type Clock, type Entropy, newId } from '@latchkey/clock'
import { badInput } from '@latchkey/problem'
import type { Keyring } from '@latchkey/secrets'
import type { Audit, Cause } from '../audit/audit.ts'
import type { BlindIndexer } from '../identifiers/blind-index.ts'
import { alreadyRegisteredMail, verificationMail } from '../mail/mail.ts'
import type { TokenIssuer } from '../one-time-tokens/issuer.ts'
import { tokenLifetimesMs } from '../one-time-tokens/one-time-token.ts'
import type { Outbox } from '../outbox/outbox.ts'
import type { PasswordHasher } from '../passwords/hasher.ts'
import type { PasswordPolicy } from '../passwords/policy/policy.ts'
import { type Applicant, mailLimits, parseApplicant, type RegisterInput } from './account.ts'
import { sealRegistration } from './registration-seal.ts'
import type { AccountStore, Registration } from './store.ts'

export interface AccountDependencies {
  readonly store: AccountStore
  readonly hasher: PasswordHasher
  readonly policy: PasswordPolicy
  readonly indexer: BlindIndexer
  readonly tokens: TokenIssuer
  readonly keyring: Keyring
  readonly outbox: Outbox
  readonly audit: Audit
  readonly clock: Clock
  readonly entropy: Entropy
  /** Where the links in mails lead, without a slash at the end. */
  readonly publicUrl: string
  /** Called when something was committed that has to be delivered. */
  readonly wakeOutbox: () => void
}

export interface AccountService {
  /**
   * Opens a registration and sends the mail that confirms it; to an address that is an account already, a notice instead.
   * Both cost the same and answer the same: one hash, one look-up, one statement that writes four rows (ASVS 6.3.8). After
   * three mails in an hour or ten in a day to one address, the same again without a mail.
   * Rejects with BAD_USER_INPUT naming the fields before anything is looked up; with UNAVAILABLE when too many hashes wait.
   */
  register(input: RegisterInput, cause: Cause): Promise<{ readonly outcome: 'CHECK_YOUR_MAIL' }>
}

export function createAccountService(dependencies: AccountDependencies): AccountService {
  const { store, hasher, policy, indexer, tokens, keyring } = dependencies
  const { outbox, audit, clock, entropy, publicUrl, wakeOutbox } = dependencies

  /** Of what is acceptable in itself, the lists of passwords are asked last: they may be far away. */
  async function acceptable(input: RegisterInput): Promise<Applicant> {
    const applicant = parseApplicant(input)
    const about = [applicant.address.written, applicant.displayName]
    const fault = await policy.faultOf(applicant.password, { about, secondFactor: 'none' })
    if (fault) throw badInput({ 'input.password': fault })
    return applicant
  }

  async function newRegistration({ address, displayName, password }: Applicant): Promise<Registration> {
    const hash = await hasher.hash(password)
    const id = newId(entropy, 'usr')
    const createdAt = clock.now()
    return {
      id,
      personal: sealRegistration(keyring, id, { email: address.written, displayName }),
      emailIndex: indexer.newest(address),
      password: hash,
      createdAt,
      expiresAt: new Date(createdAt.getTime() + tokenLifetimesMs['verify-email']),
    }
  }

  const limitsAt = (at: Date) =>
    mailLimits.map(({ max, windowMs }) => ({ max, since: new Date(at.getTime() - windowMs) }))

  return {
    async register(input, cause) {
      const applicant = await acceptable(input)
      const { address } = applicant
      // A known address gets a registration too, so that every path writes alike; its token is never sent.
      const registration = await newRegistration(applicant)
      const knownId = await store.idByEmail(indexer.every(address))
      const { token, kept } = tokens.issue({
        purpose: 'verify-email',
        subjectId: registration.id,
        emailIndex: registration.emailIndex,
      })
      const verification = verificationMail(address.written, token, publicUrl)
      const notice = alreadyRegisteredMail(address.written, publicUrl)
      const event = {
        action: 'account.register',
        target: knownId ?? registration.id,
        outcome: knownId ? 'known' : 'pending',
      } as const
      await store.addRegistration({
        registration,
        consequences: {
          records: [audit(event, cause)],
          messages: [outbox.message({ kind: 'mail', mail: knownId ? notice : verification, about: event.target })],
          tokens: [kept],
        },
        withheld: audit({ ...event, detail: { mail: 'withheld' } }, cause),
        limits: limitsAt(registration.createdAt),
      })
      wakeOutbox()
      return { outcome: 'CHECK_YOUR_MAIL' }
    },
  }
}
