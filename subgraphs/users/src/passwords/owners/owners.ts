/** Owners of passwords: what the policy and the notices have to know of whoever gets a new one. */
import type { Contact } from '../../accounts/contact.ts'
import type { PersonalData } from '../../accounts/personal-data.ts'
import { parseEmailAddress } from '../../email/email-address.ts'
import { readProfile } from '../../profile/profile.ts'
import type { PasswordOwner } from '../policy/policy.ts'
import type { OwnerStore } from './store.ts'

export interface Owner extends PasswordOwner, Contact {
  /** The address as it is stored: what a change is bound to. */
  readonly sealedEmail: string
}

export interface Owners {
  /** `null` when there is no such account. */
  of(accountId: string): Promise<Owner | null>
}

export interface OwnersDependencies {
  readonly store: OwnerStore
  readonly personalData: PersonalData
}

export const createOwners = ({ store, personalData }: OwnersDependencies): Owners => ({
  async of(accountId) {
    const stored = await store.byId(accountId)
    if (!stored) return null
    const personal = personalData.withKey(accountId, stored.sealedKey)
    const address = parseEmailAddress(personal.open('email', stored.email))
    if (!address) throw new Error('an account holds an address that is none')
    const displayName = personal.open('display_name', stored.displayName)
    const { email: sealedEmail, hasSecondFactor } = stored
    const secondFactor = hasSecondFactor ? 'enrolled' : 'none'
    const { locale = null } = readProfile(stored.profile && personal.open('profile', stored.profile))
    return { accountId, address, displayName, locale, about: [address.written, displayName], secondFactor, sealedEmail }
  },
})
