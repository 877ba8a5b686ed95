/** The keyring: named secrets in versions. One makes what is new; every one of them can read what it makes or made. */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  timingSafeEqual,
} from 'node:crypto'
import { type Entropy, randomBase62 } from '@latchkey/clock'

/** What a secret is for. No secret serves two purposes (ASVS 11.2.2, 13.3). */
export const purposes = [
  'password',
  'data',
  'blind-index',
  'one-time-token',
  'refresh-token',
  'api-key',
  'signing-key',
  'identifier',
] as const

export type Purpose = (typeof purposes)[number]

/** One version of a secret: 32 bytes, base64url. */
export interface SecretVersion {
  readonly id: string
  readonly secret: string
}

/** The versions of each purpose; the first makes what is new. A purpose may be absent: whoever holds the keyring has no use for it. */
export type KeyringMaterial = Readonly<Partial<Record<Purpose, readonly SecretVersion[]>>>

export interface Mac {
  /** The version it was made with; keep it beside the MAC. */
  readonly keyId: string
  readonly mac: Buffer
}

export interface Keyring {
  /** HMAC-SHA-256 under the newest version. */
  mac(purpose: Purpose, message: string | Uint8Array): Mac
  /** HMAC-SHA-256 under a named version; `null` when the keyring does not hold it. */
  macWith(purpose: Purpose, keyId: string, message: string | Uint8Array): Buffer | null
  /** The versions of a purpose; the first makes what is new. */
  keyIds(purpose: Purpose): readonly string[]
  /** AES-256-GCM under the newest version: `keyId.nonce.ciphertext`. `associated` names table, column and row. */
  seal(purpose: Purpose, plaintext: string | Uint8Array, associated: string): string
  /** What was sealed. Throws when it was altered, was sealed for another place, or its version is gone. */
  open(purpose: Purpose, sealed: string, associated: string): Buffer
}

const secretBytes = 32
const nonceBytes = 12
const tagBytes = 16

interface Version {
  readonly id: string
  readonly macKey: KeyObject
  readonly sealKey: KeyObject
}

// One secret never serves two algorithms: each use has its own key, derived from it (RFC 5869).
const derive = (secret: Buffer, use: string) =>
  createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', `latchkey ${use}`, 32)))

function readVersion(purpose: Purpose, { id, secret }: SecretVersion): Version {
  const bytes = Buffer.from(secret, 'base64url')
  if (bytes.length < secretBytes) throw new Error(`the secret ${purpose}/${id} is shorter than ${secretBytes} bytes`)
  return { id, macKey: derive(bytes, `${purpose} mac`), sealKey: derive(bytes, `${purpose} seal`) }
}

/** Throws when a secret is shorter than 32 bytes, and later when a purpose is used that has none. `entropy` gives the nonces. */
export function createKeyring(material: KeyringMaterial, entropy: Entropy): Keyring {
  const rings = new Map(
    purposes.map((purpose) => [purpose, (material[purpose] ?? []).map((version) => readVersion(purpose, version))]),
  )
  const versions = (purpose: Purpose) => rings.get(purpose) ?? []
  const newest = (purpose: Purpose) => {
    const [version] = versions(purpose)
    if (!version) throw new Error(`the keyring holds no secret for ${purpose}`)
    return version
  }
  const named = (purpose: Purpose, keyId: string) => versions(purpose).find(({ id }) => id === keyId)

  return {
    mac(purpose, message) {
      const { id, macKey } = newest(purpose)
      return { keyId: id, mac: createHmac('sha256', macKey).update(message).digest() }
    },
    macWith(purpose, keyId, message) {
      const version = named(purpose, keyId)
      return version ? createHmac('sha256', version.macKey).update(message).digest() : null
    },
    keyIds: (purpose) => versions(purpose).map(({ id }) => id),
    seal(purpose, plaintext, associated) {
      const { id, sealKey } = newest(purpose)
      return `${id}.${sealWith(sealKey, plaintext, associated, entropy)}`
    },
    open(purpose, sealed, associated) {
      const dot = sealed.indexOf('.')
      const version = named(purpose, sealed.slice(0, dot))
      if (!version) throw new Error(`nothing in the keyring opens this (${purpose})`)
      return openWith(version.sealKey, sealed.slice(dot + 1), associated)
    },
  }
}

/** AES-256-GCM: `nonce.ciphertext`, base64url. For keys that are themselves kept sealed. */
export function sealWith(key: KeyObject, plaintext: string | Uint8Array, associated: string, entropy: Entropy): string {
  const nonce = entropy.bytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(associated))
  const bytes = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
  return `${Buffer.from(nonce).toString('base64url')}.${bytes.toString('base64url')}`
}

const withFullTag = { authTagLength: tagBytes } as const

/** Throws when the text was altered or was sealed for another place. */
export function openWith(key: KeyObject, sealed: string, associated: string): Buffer {
  const dot = sealed.indexOf('.')
  const nonce = Buffer.from(sealed.slice(0, dot), 'base64url')
  const bytes = Buffer.from(sealed.slice(dot + 1), 'base64url')
  if (nonce.length !== nonceBytes || bytes.length < tagBytes) throw new Error('this is not a sealed text')
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, withFullTag)
    .setAAD(Buffer.from(associated))
    .setAuthTag(bytes.subarray(-tagBytes))
  const opened = decipher.update(bytes.subarray(0, -tagBytes))
  // Adds nothing in this mode; it is here that a text which was altered is refused.
  decipher.final()
  return opened
}

/** 32 random bytes, base64url. */
export const newSecret = (entropy: Entropy): string => Buffer.from(entropy.bytes(secretBytes)).toString('base64url')

const newVersion = (entropy: Entropy): SecretVersion => ({ id: randomBase62(entropy, 6), secret: newSecret(entropy) })

/** A first version of every secret. */
export const newKeyringMaterial = (entropy: Entropy): KeyringMaterial =>
  Object.fromEntries(purposes.map((purpose) => [purpose, [newVersion(entropy)]]))

/** Compares in a time that does not depend on where the two differ (ASVS 11.2.4). */
export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && timingSafeEqual(a, b)
