/** What can be done with email addresses: confirm one. */
import type { Clock } from '@latchkey/clock'
import type { Keyring } from '@latchkey/secrets'
import type { PersonalData } from '../accounts/personal-data.ts'
import { openRegistration } from '../accounts/registration-seal.ts'
import type { Audit, Cause } from '../audit/audit.ts'
import type { BlindIndexer } from '../identifiers/blind-index.ts'
import { possibleMacs } from '../one-time-tokens/one-time-token.ts'
import { firstRole } from '../roles/role.ts'
import { type EmailAddress, parseEmailAddress } from './email-address.ts'
import type { NewAccount, PendingRegistration, VerificationStore } from './store.ts'

export interface VerificationDependencies {
  readonly store: VerificationStore
  readonly keyring: Keyring
  readonly indexer: BlindIndexer
  readonly personalData: PersonalData
  readonly audit: Audit
  readonly clock: Clock
}

export interface VerificationService {
  /** Confirms an address and opens its account. A token works once, for 24 hours, for the address it was sent to. */
  verify(token: string, cause: Cause): Promise<{ readonly outcome: 'VERIFIED' | 'REFUSED' }>
  /** Forgets what has expired. */
  tidy(): Promise<void>
}

export function createVerificationService(dependencies: VerificationDependencies): VerificationService {
  const { store, keyring, indexer, personalData, audit, clock } = dependencies

  function accountFrom({ registrationId, personal }: PendingRegistration, openedAt: Date) {
    const { email, displayName } = openRegistration(keyring, registrationId, personal)
    const { sealedKey, personal: seal } = personalData.newKey(registrationId)
    const address = addressOf(email)
    const account: NewAccount = {
      id: registrationId,
      email: seal.seal('email', email),
      displayName: seal.seal('display_name', displayName),
      sealedKey,
      role: firstRole,
      openedAt,
    }
    return { account, everyIndex: indexer.every(address) }
  }

  async function open(pending: PendingRegistration, cause: Cause): Promise<boolean> {
    const opening = accountFrom(pending, clock.now())
    const record = audit({ action: 'account.open', target: opening.account.id, outcome: 'verified' }, cause)
    return store.open({ tokenId: pending.tokenId, purpose: 'verify-email', ...opening, record })
  }

  return {
    async verify(token, cause) {
      const macs = possibleMacs(keyring, 'verify-email', token)
      const pending = macs.length > 0 ? await store.pending(macs, 'verify-email', clock.now()) : null
      const opened = pending !== null && (await open(pending, cause))
      return { outcome: opened ? 'VERIFIED' : 'REFUSED' }
    },
    tidy: () => store.forgetExpired(clock.now()),
  }
}

function addressOf(written: string): EmailAddress {
  const address = parseEmailAddress(written)
  if (!address) throw new Error('a registration holds an address that is none')
  return address
}
