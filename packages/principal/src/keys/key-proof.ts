/** Whether a text is that of a key: the one place where it is compared with what is kept. */
import { hash, timingSafeEqual } from 'node:crypto'
import type { ApiKeyRecord } from '../records/credential-records.ts'

/** `null` for a key that is not there takes the same time as one with another secret. */
export type ProvesKey = (key: ApiKeyRecord | null, text: string) => boolean | Promise<boolean>

/** As a keyring has it. */
export interface Peppers {
  mac(purpose: 'api-key', message: string): unknown
  /** `null` when that pepper is gone. */
  macWith(purpose: 'api-key', pepperId: string, message: string): Uint8Array | null
}

/** What is kept is the MAC of the whole text, under the pepper that the record names. */
export function createKeyProof(peppers: Peppers): ProvesKey {
  // By record, and a record that was read anew and changed is another one. A digest, so that no key's text stays in memory;
  // how far two digests agree says nothing of what they are of, so they need no comparison in constant time.
  const proven = new WeakMap<ApiKeyRecord, string>()
  return (key, text) => {
    const digest = hash('sha256', text, 'base64url')
    if (key && proven.get(key) === digest) return true
    const mac = key && peppers.macWith('api-key', key.pepperId, text)
    if (!key || !mac) {
      peppers.mac('api-key', text)
      return false
    }
    if (!sameBytes(mac, Buffer.from(key.secretMac, 'base64url'))) return false
    proven.set(key, digest)
    return true
  }
}

const sameBytes = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && timingSafeEqual(one, other)
