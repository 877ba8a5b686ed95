/** What a person can do with passkeys: enrol, name and remove them. */
import { type Clock, type Entropy, minuteMs } from '@latchkey/clock'
import type { UserPrincipal } from '@latchkey/principal'
import { badInput, Problem } from '@latchkey/problem'
import type { Contacts } from '../accounts/contact.ts'
import type { PersonalData } from '../accounts/personal-data.ts'
import type { AccountStore } from '../accounts/store.ts'
import type { Audit, Cause } from '../audit/audit.ts'
import { consequencesOf } from '../consequences/consequences.ts'
import type { FactorChanges } from '../second-factors/changes.ts'
import { isPasskeyId, nameMax, parsePasskeyName, passkeysMax, type StoredPasskey } from './passkey.ts'
import type { PasskeyStore } from './store.ts'
import type { NewCredential, WebAuthn } from './web-authn.ts'

export interface PasskeyDependencies {
  readonly store: PasskeyStore
  readonly webAuthn: WebAuthn
  readonly factorChanges: FactorChanges
  readonly accountStore: Pick<AccountStore, 'byId'>
  readonly contacts: Contacts
  readonly personalData: PersonalData
  readonly audit: Audit
  readonly clock: Clock
  readonly entropy: Entropy
}

export interface FinishedEnrolment {
  readonly outcome: 'ENROLLED' | 'REFUSED'
  readonly passkey: StoredPasskey | null
  readonly recoveryCodes: readonly string[] | null
}

export interface PasskeyService {
  /** Oldest first, ten at most. */
  ofAccount(accountId: string): Promise<readonly StoredPasskey[]>
  nameOf(passkey: StoredPasskey): string
  /** What `navigator.credentials.create` takes. The challenge in it is good for five minutes and one answer (ASVS 6.7.2). */
  start(person: UserPrincipal): Promise<{ readonly options: string }>
  /** The first factor of an account brings recovery codes and ends the other sessions. */
  finish(person: UserPrincipal, input: { response: string; name: string }, cause: Cause): Promise<FinishedEnrolment>
  rename(person: UserPrincipal, input: { id: string; name: string }, cause: Cause): Promise<{ readonly id: string }>
  /** Rejects with NOT_FOUND for one that is not theirs, with CONFLICT for the last way in. */
  remove(person: UserPrincipal, id: string, cause: Cause): Promise<{ readonly id: string }>
}

const challengeBytes = 32
const enrolmentMs = 5 * minuteMs

const refused: FinishedEnrolment = { outcome: 'REFUSED', passkey: null, recoveryCodes: null }
const unknownPasskey = () => new Problem('NOT_FOUND', 'no such passkey of this account')

export function createPasskeyService(dependencies: PasskeyDependencies): PasskeyService {
  const { store, webAuthn, factorChanges, accountStore, contacts, personalData, audit, clock, entropy } = dependencies

  function refuseMore(count: number): void {
    if (count >= passkeysMax)
      throw new Problem('CONFLICT', 'too many passkeys', {
        message: `An account has at most ${passkeysMax} passkeys. Remove one that is not used any more.`,
      })
  }

  function nameFrom(typed: string): string {
    const name = parsePasskeyName(typed)
    if (!name) throw badInput({ 'input.name': `must be 1 to ${nameMax} printable characters` })
    return name
  }

  async function sealedName(accountId: string, id: string, name: string): Promise<string> {
    const account = await accountStore.byId(accountId)
    if (!account) throw new Problem('NOT_FOUND', 'the account is gone')
    return personalData.withKey(accountId, account.sealedKey).seal(`passkeys.name:${id}`, name)
  }

  async function add(person: UserPrincipal, credential: NewCredential, name: string, cause: Cause) {
    const passkey = { ...credential, name: await sealedName(person.userId, credential.id, name) }
    return factorChanges.make({
      ...{ person, cause, action: 'passkey.add', notice: 'passkey-added' },
      after(state) {
        refuseMore(state.passkeys)
        return { ...state, passkeys: state.passkeys + 1 }
      },
      async write(write) {
        const written = await store.add(write, passkey)
        return written === 'taken' ? 'refused' : written
      },
    })
  }

  const ownPasskey = async (accountId: string, id: string) =>
    (await store.ofAccount(accountId)).find((passkey) => passkey.id === id) ?? null

  return {
    ofAccount: store.ofAccount,
    nameOf: ({ accountId, id, name, sealedKey }) =>
      personalData.withKey(accountId, sealedKey).open(`passkeys.name:${id}`, name),

    async start({ userId: accountId }) {
      const [contact, known] = await Promise.all([contacts.of(accountId), store.ofAccount(accountId)])
      if (!contact) throw new Problem('NOT_FOUND', 'the account is gone')
      refuseMore(known.length)
      const challenge = entropy.bytes(challengeBytes)
      const expiresAt = new Date(clock.now().getTime() + enrolmentMs)
      await store.begin({ accountId, challenge: Buffer.from(challenge).toString('base64url'), expiresAt })
      const person = { accountId, address: contact.address.written, displayName: contact.displayName }
      return { options: await webAuthn.enrolmentOptions(challenge, person, known) }
    },

    async finish(person, { response, name: typed }, cause) {
      const name = nameFrom(typed)
      const challenge = await store.takeChallenge(person.userId, clock.now())
      const credential = challenge ? await webAuthn.verifyEnrolment(response, challenge) : null
      if (!credential) return refused
      const result = await add(person, credential, name, cause)
      if (result.outcome === 'refused') return refused
      const passkey = await ownPasskey(person.userId, credential.id)
      return { outcome: 'ENROLLED', passkey, recoveryCodes: result.recoveryCodes }
    },

    async rename({ userId: accountId }, { id, name: typed }, cause) {
      const name = nameFrom(typed)
      if (!isPasskeyId(id)) throw unknownPasskey()
      const record = audit({ action: 'passkey.rename', target: accountId, outcome: 'done' }, cause)
      const consequences = consequencesOf({ records: [record] })
      const sealed = await sealedName(accountId, id, name)
      if (!(await store.rename({ accountId, id, name: sealed, consequences }))) throw unknownPasskey()
      return { id }
    },

    async remove(person, id, cause) {
      if (!isPasskeyId(id) || !(await ownPasskey(person.userId, id))) throw unknownPasskey()
      const result = await factorChanges.make({
        ...{ person, cause, action: 'passkey.remove', notice: 'passkey-removed' },
        after: (state) => ({ ...state, passkeys: state.passkeys - 1 }),
        write: (write) => store.remove(write, id),
      })
      if (result.outcome === 'refused') throw unknownPasskey()
      return { id }
    },
  }
}
