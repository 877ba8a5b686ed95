/** MACs that name the key they were made with, so that the key can be rotated. */
import type { Keyring, Purpose } from '@latchkey/secrets'

export interface KeyedMac {
  readonly keyId: string
  /** HMAC-SHA-256, base64url. */
  readonly mac: string
}

/** Under the newest key: what a new row is kept with. */
export function newestMac(keyring: Keyring, purpose: Purpose, message: string): KeyedMac {
  const { keyId, mac } = keyring.mac(purpose, message)
  return { keyId, mac: mac.toString('base64url') }
}

/** Under every key there is: what is looked up, so that rows written before a rotation are found. */
export const everyMac = (keyring: Keyring, purpose: Purpose, message: string): readonly KeyedMac[] =>
  keyring.keyIds(purpose).flatMap((keyId) => {
    const mac = keyring.macWith(purpose, keyId, message)
    return mac ? [{ keyId, mac: mac.toString('base64url') }] : []
  })

/** As the two arrays, keys and MACs, that a look-up takes. */
export const macColumns = (macs: readonly KeyedMac[]): [string[], string[]] => [
  macs.map(({ keyId }) => keyId),
  macs.map(({ mac }) => mac),
]
