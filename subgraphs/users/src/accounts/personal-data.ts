/** Personal data: sealed under a key of each account's own, so that losing the key is losing the data. */
import { createSecretKey, type KeyObject } from 'node:crypto'
import type { Entropy } from '@latchkey/clock'
import { type Keyring, openWith, sealWith } from '@latchkey/secrets'

/** A column of the account's own row. */
export type PersonalColumn =
  | 'email'
  | 'display_name'
  | 'username'
  | 'profile'
  | 'public_metadata'
  | 'private_metadata'
  | 'admin_metadata'
  | 'external_id'
  | 'suspended_reason'

/** Where a sealed text stands; of tables with several rows for an account, the row too: a text moved elsewhere does not open. */
export type PersonalPlace =
  | PersonalColumn
  | 'totp_factors.secret'
  | 'service_accounts.description'
  | `passkeys.name:${string}`
  | `data_exports.document:${string}`
  | `one_time_tokens.payload:${string}`

/** Seals and opens the personal columns of one account. */
export interface PersonalSeal {
  seal(place: PersonalPlace, text: string): string
  /** Throws when the text was altered, or was sealed for another place or account. */
  open(place: PersonalPlace, sealed: string): string
}

export interface PersonalData {
  /** A new key, for an account that has none. `sealedKey` is what is stored. */
  newKey(accountId: string): { readonly sealedKey: string; readonly personal: PersonalSeal }
  /** Throws when the key was altered or is another account's. */
  withKey(accountId: string, sealedKey: string): PersonalSeal
  /** The same key, sealed by the newest version of the keyring. Throws as `withKey` does. */
  reseal(accountId: string, sealedKey: string): string
}

const keyBytes = 32
const keysOpenMax = 10_000
/** Where an account's key is sealed. */
export const keyPlace = (accountId: string) => `users.data_keys.sealed_key:${accountId}`

interface Opened {
  readonly sealed: string
  readonly text: string
}

/** What requests ask for again and again. Whatever is asked seldom must not stay in memory opened. */
const isAskedOften = (place: PersonalPlace): boolean => place === 'email' || place === 'display_name'

/**
 * Remembers the last text it opened of what is asked often. The row is read anew each time, and what changes in it is sealed
 * anew, so what was opened of the very same sealed text cannot be out of date.
 */
function sealOf(accountId: string, key: KeyObject, entropy: Entropy): PersonalSeal {
  const full = (place: PersonalPlace) => `users.${place.includes('.') ? place : `accounts.${place}`}:${accountId}`
  const opened = new Map<PersonalPlace, Opened>()
  return {
    seal: (place, text) => sealWith(key, text, full(place), entropy),
    open(place, sealed) {
      const known = opened.get(place)
      if (known?.sealed === sealed) return known.text
      const text = openWith(key, sealed, full(place)).toString()
      if (isAskedOften(place)) opened.set(place, { sealed, text })
      return text
    },
  }
}

/**
 * Keys by the text they were opened from. A text and its account always open to the same key, so nothing here can be out
 * of date; and the keyring, which opens every one of them, is in the same memory.
 */
function createOpenKeys() {
  const open = new Map<string, { readonly accountId: string; readonly personal: PersonalSeal }>()
  return {
    find(accountId: string, sealedKey: string): PersonalSeal | null {
      const known = open.get(sealedKey)
      return known?.accountId === accountId ? known.personal : null
    },
    keep(accountId: string, sealedKey: string, personal: PersonalSeal): PersonalSeal {
      const [oldest] = open.keys()
      if (open.size >= keysOpenMax && oldest !== undefined) open.delete(oldest)
      open.set(sealedKey, { accountId, personal })
      return personal
    },
  }
}

export function createPersonalData({ keyring, entropy }: { keyring: Keyring; entropy: Entropy }): PersonalData {
  const openKeys = createOpenKeys()
  return {
    newKey(accountId) {
      const key = entropy.bytes(keyBytes)
      return {
        sealedKey: keyring.seal('data', key, keyPlace(accountId)),
        personal: sealOf(accountId, createSecretKey(key), entropy),
      }
    },
    withKey(accountId, sealedKey) {
      const known = openKeys.find(accountId, sealedKey)
      if (known) return known
      const key = createSecretKey(keyring.open('data', sealedKey, keyPlace(accountId)))
      return openKeys.keep(accountId, sealedKey, sealOf(accountId, key, entropy))
    },
    reseal(accountId, sealedKey) {
      const place = keyPlace(accountId)
      return keyring.seal('data', keyring.open('data', sealedKey, place), place)
    },
  }
}
