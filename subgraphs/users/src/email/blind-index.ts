/** The blind index: finds an address without keeping it readable. */
import type { Keyring } from '@latchkey/secrets'
import type { EmailAddress } from './email-address.ts'
import { everyMac, type KeyedMac, newestMac } from './keyed-mac.ts'

/** Of the normalised address. */
export type BlindIndex = KeyedMac

export interface BlindIndexer {
  /** What a new row is kept with. */
  newest(address: EmailAddress): BlindIndex
  /** What is looked up. */
  every(address: EmailAddress): readonly BlindIndex[]
}

const message = ({ normalised }: EmailAddress) => `email:${normalised}`

export const createBlindIndexer = (keyring: Keyring): BlindIndexer => ({
  newest: (address) => newestMac(keyring, 'blind-index', message(address)),
  every: (address) => everyMac(keyring, 'blind-index', message(address)),
})
