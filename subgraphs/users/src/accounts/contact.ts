/** How the person behind an account is written to. */
import { type EmailAddress, parseEmailAddress } from '../email/email-address.ts'
import type { PersonalData } from './personal-data.ts'
import type { AccountStore } from './store.ts'

export interface Contact {
  readonly accountId: string
  readonly address: EmailAddress
  readonly displayName: string
}

export interface Contacts {
  /** `null` when there is no such account. */
  of(accountId: string): Promise<Contact | null>
}

interface ContactDependencies {
  readonly store: Pick<AccountStore, 'byId'>
  readonly personalData: PersonalData
}

export const createContacts = ({ store, personalData }: ContactDependencies): Contacts => ({
  async of(accountId) {
    const stored = await store.byId(accountId)
    if (!stored) return null
    const personal = personalData.withKey(accountId, stored.sealedKey)
    const address = parseEmailAddress(personal.open('email', stored.email))
    if (!address) throw new Error('an account holds an address that is none')
    return { accountId, address, displayName: personal.open('display_name', stored.displayName) }
  },
})
