/** How the person behind an account is written to. */
import { type EmailAddress, parseEmailAddress } from '../email/email-address.ts'
import { readProfile } from '../profile/profile.ts'
import type { ProfileStore } from '../profile/store.ts'
import type { PersonalData } from './personal-data.ts'
import type { AccountStore } from './store.ts'

export interface Contact {
  readonly accountId: string
  readonly address: EmailAddress
  readonly displayName: string
  /** What they chose, if they did (BCP 47). */
  readonly locale?: string | null
}

export interface Contacts {
  /** `null` when there is no such account, or nobody to write to: a service account has no address. */
  of(accountId: string): Promise<Contact | null>
}

interface ContactDependencies {
  readonly store: Pick<AccountStore, 'byId'>
  readonly profiles: Pick<ProfileStore, 'byId'>
  readonly personalData: PersonalData
}

export const createContacts = ({ store, profiles, personalData }: ContactDependencies): Contacts => ({
  async of(accountId) {
    const [stored, kept] = await Promise.all([store.byId(accountId), profiles.byId(accountId)])
    if (!stored) return null
    const personal = personalData.withKey(accountId, stored.sealedKey)
    const written = personal.open('email', stored.email)
    if (written === '') return null
    const address = parseEmailAddress(written)
    if (!address) throw new Error('an account holds an address that is none')
    const profile = readProfile(kept?.profile ? personal.open('profile', kept.profile) : null)
    const displayName = personal.open('display_name', stored.displayName)
    return { accountId, address, displayName, locale: profile.locale ?? null }
  },
})
