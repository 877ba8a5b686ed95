/** Standing: what is known of an address. Read with one statement, whatever there is to know. */
import type { PersonalData } from '../accounts/personal-data.ts'
import type { BlindIndex, BlindIndexer } from '../identifiers/blind-index.ts'
import { readProfile } from '../profile/profile.ts'
import type { EmailAddress } from './email-address.ts'

/** The account that has the address, and the newest registration that waits for its confirmation. */
export interface StoredStanding {
  readonly accountId: string | null
  readonly confirmed: boolean
  /** Sealed. */
  readonly profile: string | null
  readonly sealedKey: string | null
  readonly openedAt: Date | null
  readonly registrationId: string | null
  /** Sealed. */
  readonly personal: string | null
  readonly registeredAt: Date | null
}

export interface Holder {
  readonly accountId: string
  readonly confirmed: boolean
  readonly locale: string | null
  readonly openedAt: Date
}

export interface Standing {
  readonly holder: Holder | null
  readonly waiting: { readonly registrationId: string; readonly personal: string; readonly registeredAt: Date } | null
}

export interface StandingStore {
  /** `at`: registrations that have expired by then wait no more. */
  standing(indexes: readonly BlindIndex[], at: Date): Promise<StoredStanding>
}

export interface Standings {
  of(address: EmailAddress, at: Date): Promise<Standing>
}

export interface StandingDependencies {
  readonly store: StandingStore
  readonly indexer: BlindIndexer
  readonly personalData: PersonalData
}

export function createStandings({ store, indexer, personalData }: StandingDependencies): Standings {
  function holderOf({ accountId, confirmed, profile, sealedKey, openedAt }: StoredStanding): Holder | null {
    if (accountId === null || openedAt === null) return null
    const opened = profile && sealedKey ? personalData.withKey(accountId, sealedKey).open('profile', profile) : null
    return { accountId, confirmed, locale: readProfile(opened).locale ?? null, openedAt }
  }
  return {
    async of(address, at) {
      const stored = await store.standing(indexer.every(address), at)
      const { registrationId, personal, registeredAt } = stored
      const waits = registrationId !== null && personal !== null && registeredAt !== null
      return { holder: holderOf(stored), waiting: waits ? { registrationId, personal, registeredAt } : null }
    },
  }
}
