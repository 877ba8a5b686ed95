/** What can be done with accounts. */
import { type Clock, type Entropy, newId } from '@latchkey/clock'
import { badInput, Problem } from '@latchkey/problem'
import type { Keyring } from '@latchkey/secrets'
import { recognisedDevice } from '@latchkey/subgraph/device'
import type { Allowances } from '../allowances/allowance.ts'
import type { Audit, Cause } from '../audit/audit.ts'
import { consequencesOf } from '../consequences/consequences.ts'
import { type EmailVerification, opensAtOnce } from '../email/policy.ts'
import type { Standing, Standings } from '../email/standing.ts'
import type { VerificationMails } from '../email/verification-mail.ts'
import type { BlindIndexer } from '../identifiers/blind-index.ts'
import type { LanguageChoice } from '../mail/language.ts'
import { letter } from '../mail/mail.ts'
import { tokenLifetimesMs } from '../one-time-tokens/one-time-token.ts'
import type { Outbox } from '../outbox/outbox.ts'
import type { PasswordHasher } from '../passwords/hasher.ts'
import type { PasswordPolicy } from '../passwords/policy/policy.ts'
import { type Applicant, parseApplicant, type RegisterInput } from './account.ts'
import { openingOf } from './opening.ts'
import type { PersonalData } from './personal-data.ts'
import { sealRegistration } from './registration-seal.ts'
import type { AccountStore, NewRegistration, Registration } from './store.ts'

export interface AccountDependencies {
  readonly store: AccountStore
  readonly standings: Standings
  readonly hasher: PasswordHasher
  readonly policy: PasswordPolicy
  readonly indexer: BlindIndexer
  readonly personalData: PersonalData
  readonly verificationMails: VerificationMails
  readonly languageFor: LanguageChoice
  readonly allowances: Allowances
  readonly emailVerification: EmailVerification
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
   * Both cost the same and answer the same: one hash, one look-up, one statement that writes the same rows (ASVS 6.3.8).
   * After three mails in an hour or ten in a day to one address, the same again without a mail. Where accounts open before
   * their address is confirmed, an unknown address gets its account in that statement too.
   * Rejects with BAD_USER_INPUT naming the fields before anything is looked up; with UNAVAILABLE when too many hashes wait;
   * with RATE_LIMITED when the network has used up its allowance.
   */
  register(input: RegisterInput, cause: Cause): Promise<{ readonly outcome: 'CHECK_YOUR_MAIL' }>
}

/** Of many who register one address at once, one opens the account; the others find it there when they look again. */
const looksMax = 3

const deviceOf = ({ client }: Cause): string | null => {
  const known = recognisedDevice(client?.userAgent)
  return known && `${known.browser}, ${known.system}`
}

export function createAccountService(dependencies: AccountDependencies): AccountService {
  const { store, standings, hasher, policy, indexer, verificationMails, languageFor } = dependencies
  const { allowances, emailVerification, keyring, outbox, audit, clock, entropy, publicUrl, wakeOutbox } = dependencies

  /** Of what is acceptable in itself, the lists of passwords are asked last: they may be far away. */
  async function acceptable(input: RegisterInput): Promise<Applicant> {
    const applicant = parseApplicant(input)
    const about = [applicant.address.written, applicant.displayName]
    const fault = await policy.faultOf(applicant.password, { about, secondFactor: 'none' })
    if (fault) throw badInput({ 'input.password': fault })
    return applicant
  }

  async function newRegistration({ password, ...applicant }: Applicant, cause: Cause) {
    const hash = await hasher.hash(password)
    const id = newId(entropy, 'usr')
    const createdAt = clock.now()
    const { address, displayName, locale } = applicant
    const personal = { email: address.written, displayName, locale, device: deviceOf(cause) }
    const registration: Registration = {
      id,
      personal: sealRegistration(keyring, id, personal),
      emailIndex: indexer.newest(address),
      password: hash,
      createdAt,
      expiresAt: new Date(createdAt.getTime() + tokenLifetimesMs['verify-email']),
    }
    return { registration, personal, address, locale }
  }

  type Asked = Awaited<ReturnType<typeof newRegistration>>

  function mailFor({ registration, personal, address, locale }: Asked, { holder }: Standing, languages?: string) {
    const { id: subjectId, createdAt: openedAt } = registration
    // A known address gets a token too, so that every path writes alike; it is never sent.
    const { mail, kept } = verificationMails({
      subjectId,
      address,
      locale,
      languages,
      openedAt,
      device: personal.device,
    })
    const recipient = { to: address.written, language: languageFor(holder?.locale, languages) }
    const notice = letter('already-registered', recipient, { link: publicUrl })
    return { mail: holder?.confirmed ? notice : mail, kept }
  }

  function openingFor({ registration, personal }: Asked, cause: Cause): NewRegistration['opening'] {
    if (!opensAtOnce(emailVerification)) return undefined
    const when = { id: registration.id, openedAt: registration.createdAt, verifiedAt: null }
    const record = audit({ action: 'account.open', target: registration.id, outcome: 'unconfirmed' }, cause)
    return { ...openingOf(personal, when, dependencies), record }
  }

  async function add(asked: Asked, cause: Cause) {
    const { registration, address } = asked
    const standing = await standings.of(address, registration.createdAt)
    const { mail, kept } = mailFor(asked, standing, cause.client?.languages)
    const knownId = standing.holder?.confirmed ? standing.holder.accountId : null
    const event = {
      action: 'account.register',
      target: knownId ?? registration.id,
      outcome: knownId ? 'known' : 'pending',
    } as const
    const counted = allowances.of(address, cause.client)
    const added = await store.addRegistration({
      registration,
      consequences: consequencesOf({
        records: [audit(event, cause)],
        messages: [outbox.message({ kind: 'mail', mail, about: event.target })],
        tokens: [kept],
      }),
      withheld: audit({ ...event, detail: { mail: 'withheld' } }, cause),
      allowances: counted,
      opening: openingFor(asked, cause),
    })
    if (added !== 'taken' && !added.admitted) throw allowances.refusal(counted.network, added.sentAt)
    return added
  }

  return {
    async register(input, cause) {
      const asked = await newRegistration(await acceptable(input), cause)
      for (let looks = 0; looks < looksMax; looks += 1) {
        if ((await add(asked, cause)) === 'taken') continue
        wakeOutbox()
        return { outcome: 'CHECK_YOUR_MAIL' }
      }
      throw new Problem('UNAVAILABLE', 'an address was opened and ended again while it was registered')
    },
  }
}
