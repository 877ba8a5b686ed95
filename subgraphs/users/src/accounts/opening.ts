/** An account as it is opened, from what a registration knows. */
import { type EmailAddress, parseEmailAddress } from '../email/email-address.ts'
import type { BlindIndex, BlindIndexer } from '../identifiers/blind-index.ts'
import { profileText } from '../profile/profile.ts'
import { firstRole } from '../roles/role.ts'
import type { PersonalData } from './personal-data.ts'
import type { RegistrationPersonal } from './registration-seal.ts'

/** `email`, `displayName` and `profile` are sealed with the key in `sealedKey`. */
export interface NewAccount {
  readonly id: string
  readonly email: string
  readonly displayName: string
  readonly profile: string | null
  readonly sealedKey: string
  readonly role: string
  readonly openedAt: Date
  /** `null`: the address is not confirmed yet. */
  readonly verifiedAt: Date | null
}

export interface Opening {
  readonly account: NewAccount
  /** The address under every key of the index: an account with any of them is an account with this address. */
  readonly everyIndex: readonly BlindIndex[]
}

export interface OpeningDependencies {
  readonly indexer: BlindIndexer
  readonly personalData: PersonalData
}

export type OpenedWhen = Pick<NewAccount, 'id' | 'openedAt' | 'verifiedAt'>

export function openingOf(
  { email, displayName, locale }: RegistrationPersonal,
  when: OpenedWhen,
  { indexer, personalData }: OpeningDependencies,
): Opening {
  const { sealedKey, personal } = personalData.newKey(when.id)
  const account: NewAccount = {
    ...when,
    email: personal.seal('email', email),
    displayName: personal.seal('display_name', displayName),
    profile: locale === null ? null : personal.seal('profile', profileText({ locale })),
    sealedKey,
    role: firstRole,
  }
  return { account, everyIndex: indexer.every(addressOf(email)) }
}

function addressOf(written: string): EmailAddress {
  const address = parseEmailAddress(written)
  if (!address) throw new Error('a registration holds an address that is none')
  return address
}
