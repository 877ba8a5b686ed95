/** What can be done with an authenticator app: enrol it, confirm it, use it, remove it. */
import { type Clock, type Entropy, minuteMs } from '@latchkey/clock'
import type { UserPrincipal } from '@latchkey/principal'
import { badInput, Problem, stepUpRequired } from '@latchkey/problem'
import type { Keyring } from '@latchkey/secrets'
import type { Contacts } from '../accounts/contact.ts'
import type { PersonalData } from '../accounts/personal-data.ts'
import type { Audit, Cause } from '../audit/audit.ts'
import { consequencesOf } from '../consequences/consequences.ts'
import { possibleRecoveryCodes } from '../recovery-codes/recovery-code.ts'
import type { FactorChanges } from '../second-factors/changes.ts'
import { provedByPasskey } from '../second-factors/second-factor.ts'
import { qrDataUrl } from './qr-code.ts'
import type { GoodCode, RemovalProof, TotpStore } from './store.ts'
import { base32, matchingStep, newTotpSecret, otpauthUri } from './totp.ts'

export interface TotpDependencies {
  readonly store: TotpStore
  readonly factorChanges: FactorChanges
  readonly personalData: PersonalData
  readonly accountStore: { byId(id: string): Promise<{ readonly sealedKey: string } | null> }
  readonly contacts: Contacts
  readonly keyring: Keyring
  readonly audit: Audit
  readonly clock: Clock
  readonly entropy: Entropy
  readonly publicUrl: string
}

export interface TotpEnrolment {
  /** Base32, to be typed where nothing can be scanned. */
  readonly secret: string
  readonly uri: string
  readonly qr: string
}

export interface RemoveTotpInput {
  readonly code?: string | null
  readonly recoveryCode?: string | null
}

export interface TotpService {
  /** A new secret, kept sealed and worth nothing until `confirm`. Rejects with CONFLICT while there is a confirmed one. */
  enrol(person: UserPrincipal, cause: Cause): Promise<TotpEnrolment>
  /** Makes the app count, with the first good code of it. The first factor brings recovery codes and ends the other sessions. */
  confirm(
    person: UserPrincipal,
    typed: string,
    cause: Cause,
  ): Promise<{ readonly outcome: 'CONFIRMED' | 'REFUSED'; readonly recoveryCodes: readonly string[] | null }>
  /** Whether the code is right, and was not used before; whoever gets an answer has used it up (ASVS 6.5.1). */
  use(accountId: string, typed: string): Promise<{ readonly sessionEpoch: number } | null>
  /** Ten wrong codes in a row, and nothing is evaluated for 15 minutes. Rejects with STEP_UP_REQUIRED without any proof. */
  remove(
    person: UserPrincipal,
    proof: RemoveTotpInput,
    cause: Cause,
  ): Promise<{ readonly outcome: 'REMOVED' | 'REFUSED' }>
}

const removalTries = { max: 10, windowMs: 15 * minuteMs }

export function createTotpService(dependencies: TotpDependencies): TotpService {
  const { store, factorChanges, personalData, accountStore, contacts, keyring, audit, clock, entropy } = dependencies
  const issuer = new URL(dependencies.publicUrl).hostname

  /** The code, if it is right for the app that is confirmed, or for the one that waits to be. */
  async function goodCode(accountId: string, typed: string, which: 'confirmed' | 'waiting'): Promise<GoodCode | null> {
    const kept = await store.of(accountId)
    if (!kept || kept.confirmed !== (which === 'confirmed')) return null
    const opened = personalData.withKey(accountId, kept.sealedKey).open('totp_factors.secret', kept.secret)
    const step = matchingStep(Buffer.from(opened, 'base64url'), typed, clock.now())
    return step === null ? null : { secret: kept.secret, step }
  }

  async function byCode(accountId: string, typed: string): Promise<RemovalProof | null> {
    if (!(await store.takeTry(accountId, { ...removalTries, at: clock.now() }))) return null
    const code = await goodCode(accountId, typed, 'confirmed')
    return code && { kind: 'code', code }
  }

  async function proofOf(person: UserPrincipal, { code, recoveryCode }: RemoveTotpInput): Promise<RemovalProof | null> {
    if (code != null && recoveryCode != null) throw badInput({ input: 'takes a code or a recovery code, not both' })
    if (code != null) return byCode(person.userId, code)
    if (recoveryCode != null)
      return { kind: 'recovery code', macs: possibleRecoveryCodes(keyring, person.userId, recoveryCode) }
    if (provedByPasskey(person)) return { kind: 'session' }
    // Neither a code nor a session that was proved by a passkey.
    throw stepUpRequired({ assurance: { level: 'AAL2', maxAgeSeconds: 600 }, factors: ['PASSKEY'] })
  }

  return {
    async enrol({ userId: accountId }, cause) {
      const [account, contact] = await Promise.all([accountStore.byId(accountId), contacts.of(accountId)])
      if (!account || !contact) throw new Problem('NOT_FOUND', 'the account is gone')
      const secret = newTotpSecret(entropy)
      const sealed = personalData
        .withKey(accountId, account.sealedKey)
        .seal('totp_factors.secret', Buffer.from(secret).toString('base64url'))
      const record = audit({ action: 'totp.enrol', target: accountId, outcome: 'begun' }, cause)
      const consequences = consequencesOf({ records: [record] })
      if (!(await store.begin({ accountId, secret: sealed, at: clock.now(), consequences })))
        throw new Problem('CONFLICT', 'there is a confirmed app', {
          message: 'There is an authenticator app already. Remove it before you add another one.',
        })
      const uri = otpauthUri(secret, { issuer, account: contact.address.written })
      return { secret: base32(secret), uri, qr: qrDataUrl(uri) }
    },

    async confirm(person, typed, cause) {
      const code = await goodCode(person.userId, typed, 'waiting')
      if (!code) return { outcome: 'REFUSED', recoveryCodes: null }
      const result = await factorChanges.make({
        ...{ person, cause, action: 'totp.confirm', notice: 'totp-added' },
        after: (state) => (state.totp ? null : { ...state, totp: true }),
        write: (write) => store.confirm(write, code),
      })
      return result.outcome === 'changed'
        ? { outcome: 'CONFIRMED', recoveryCodes: result.recoveryCodes }
        : { outcome: 'REFUSED', recoveryCodes: null }
    },

    async use(accountId, typed) {
      const code = await goodCode(accountId, typed, 'confirmed')
      return code && store.use(accountId, code)
    },

    async remove(person, input, cause) {
      const proof = await proofOf(person, input)
      if (!proof) return { outcome: 'REFUSED' }
      const result = await factorChanges.make({
        ...{ person, cause, action: 'totp.remove', notice: 'totp-removed' },
        after: (state) => (state.totp ? { ...state, totp: false } : null),
        write: (write) => store.remove(write, proof),
      })
      return { outcome: result.outcome === 'changed' ? 'REMOVED' : 'REFUSED' }
    },
  }
}
