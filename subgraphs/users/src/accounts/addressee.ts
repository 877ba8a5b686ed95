/** Addressees: the account that a typed address names, as far as mailing it is concerned. */
import type { EmailAddress } from '../email/email-address.ts'
import type { BlindIndex, BlindIndexer } from '../identifiers/blind-index.ts'
import type { LanguageChoice } from '../mail/language.ts'
import type { Recipient } from '../mail/mail.ts'
import { readProfile } from '../profile/profile.ts'
import type { PersonalData } from './personal-data.ts'

/** Address and profile are sealed with `sealedKey`. */
export interface StoredAddressee {
  readonly accountId: string
  readonly status: string
  readonly email: string
  readonly profile: string | null
  readonly sealedKey: string
}

export interface Addressee extends Recipient {
  readonly accountId: string
  readonly status: string
}

export interface AddresseeStore {
  addressee(indexes: readonly BlindIndex[]): Promise<StoredAddressee | null>
}

export interface Addressees {
  /**
   * `null` when no account has the address. The mail goes to the address that is stored, never to the one that was typed: two
   * that look alike must not share a link. `languages`: what whoever causes the mail asks for (`Accept-Language`).
   */
  of(address: EmailAddress, languages?: string | undefined): Promise<Addressee | null>
}

export interface AddresseeDependencies {
  readonly store: AddresseeStore
  readonly personalData: PersonalData
  readonly indexer: BlindIndexer
  readonly languageFor: LanguageChoice
}

export const createAddressees = ({ store, personalData, indexer, languageFor }: AddresseeDependencies): Addressees => ({
  async of(address, languages) {
    const stored = await store.addressee(indexer.every(address))
    if (!stored) return null
    const { accountId, status, sealedKey, email, profile } = stored
    const personal = personalData.withKey(accountId, sealedKey)
    const { locale } = readProfile(profile && personal.open('profile', profile))
    return { accountId, status, to: personal.open('email', email), language: languageFor(locale, languages) }
  },
})
