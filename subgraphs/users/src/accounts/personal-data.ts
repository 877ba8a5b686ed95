/** Personal data: sealed under a key of each account's own, so that losing the key is losing the data. */
import { createSecretKey, type KeyObject } from 'node:crypto'
import type { Entropy } from '@latchkey/clock'
import { type Keyring, openWith, sealWith } from '@latchkey/secrets'

export type PersonalColumn = 'email' | 'display_name'

/** Seals and opens the personal columns of one account. */
export interface PersonalSeal {
  seal(column: PersonalColumn, text: string): string
  /** Throws when the text was altered, or was sealed for another column or account. */
  open(column: PersonalColumn, sealed: string): string
}

export interface PersonalData {
  /** A new key, for an account that has none. `sealedKey` is what is stored. */
  newKey(accountId: string): { readonly sealedKey: string; readonly personal: PersonalSeal }
  /** Throws when the key was altered or is another account's. */
  withKey(accountId: string, sealedKey: string): PersonalSeal
}

const keyBytes = 32
const keyPlace = (accountId: string) => `users.data_keys.sealed_key:${accountId}`

function sealOf(accountId: string, key: KeyObject, entropy: Entropy): PersonalSeal {
  const place = (column: PersonalColumn) => `users.accounts.${column}:${accountId}`
  return {
    seal: (column, text) => sealWith(key, text, place(column), entropy),
    open: (column, sealed) => openWith(key, sealed, place(column)).toString(),
  }
}

export function createPersonalData({ keyring, entropy }: { keyring: Keyring; entropy: Entropy }): PersonalData {
  return {
    newKey(accountId) {
      const key = entropy.bytes(keyBytes)
      return {
        sealedKey: keyring.seal('data', key, keyPlace(accountId)),
        personal: sealOf(accountId, createSecretKey(key), entropy),
      }
    },
    withKey(accountId, sealedKey) {
      const key = keyring.open('data', sealedKey, keyPlace(accountId))
      return sealOf(accountId, createSecretKey(key), entropy)
    },
  }
}
