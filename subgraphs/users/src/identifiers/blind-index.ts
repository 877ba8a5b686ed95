/** The blind index: finds an account by an identifier without keeping the identifier readable. */
import type { Keyring } from '@latchkey/secrets'
import type { EmailAddress } from '../email/email-address.ts'
import { everyMac, type KeyedMac, newestMac } from './keyed-mac.ts'

/** What an account can be found by. */
export type IdentifierKind = 'email' | 'username' | 'external-id'

/** Of the normalised identifier. */
export type BlindIndex = KeyedMac

export interface BlindIndexer {
  /** Under the newest key: what names an address where one index is enough. */
  newest(address: EmailAddress): BlindIndex
  /** Under every key: what is looked up, and what an account is kept with. */
  every(address: EmailAddress): readonly BlindIndex[]
  /** Whether the index is of the address, under whichever key. */
  isOf(address: EmailAddress, index: BlindIndex): boolean
  /** What is kept with another kind of identifier; `normalised` is one form for all spellings that are the same. */
  everyOf(kind: Exclude<IdentifierKind, 'email'>, normalised: string): readonly BlindIndex[]
}

const message = ({ normalised }: EmailAddress) => `email:${normalised}`

export const createBlindIndexer = (keyring: Keyring): BlindIndexer => ({
  newest: (address) => newestMac(keyring, 'blind-index', message(address)),
  every: (address) => everyMac(keyring, 'blind-index', message(address)),
  isOf: (address, { keyId, mac }) =>
    everyMac(keyring, 'blind-index', message(address)).some((known) => known.keyId === keyId && known.mac === mac),
  everyOf: (kind, normalised) => everyMac(keyring, 'blind-index', `${kind}:${normalised}`),
})
