/**
 * How an API key is written: `lk_<live|test>_<id>_<secret><checksum>`, so that a typo is refused without asking anybody. What is kept
 * of it is the MAC of the whole text, which binds the secret to its id and its environment.
 */
import { crc32 } from 'node:zlib'

/** The deployment a key belongs to. A gateway of one refuses keys of the other. */
export type KeyEnvironment = 'live' | 'test'

export interface ApiKeyText {
  readonly environment: KeyEnvironment
  /** 12 characters of base62, public: it finds the record. */
  readonly keyId: string
  /** 43 characters of base62, 256 bits. */
  readonly secret: string
}

export const keyIdLength = 12
export const secretLength = 43
const checksumLength = 6
const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const written = /^lk_(live|test)_([0-9A-Za-z]{12})_([0-9A-Za-z]{43})([0-9A-Za-z]{6})$/

/** Everything before the secret. */
export const apiKeyPrefix = ({ environment, keyId }: Pick<ApiKeyText, 'environment' | 'keyId'>): string =>
  `lk_${environment}_${keyId}`

/** The whole key, 70 characters. */
export function formatApiKeyText(key: ApiKeyText): string {
  const body = `${apiKeyPrefix(key)}_${key.secret}`
  return body + checksumOf(body)
}

/** `null` unless the shape and the checksum are right: one changed character, or two neighbours that swapped places, are always refused. */
export function parseApiKeyText(text: string): ApiKeyText | null {
  const [, environment, keyId, secret, checksum] = written.exec(text) ?? []
  if ((environment !== 'live' && environment !== 'test') || keyId === undefined || secret === undefined) return null
  return checksum === checksumOf(text.slice(0, -checksumLength)) ? { environment, keyId, secret } : null
}

/** CRC-32 in base62. It finds typos and is public: it proves nothing about who wrote the key. */
function checksumOf(body: string): string {
  let rest = crc32(body)
  let digits = ''
  for (let place = 0; place < checksumLength; place += 1) {
    digits = base62.charAt(rest % 62) + digits
    rest = Math.floor(rest / 62)
  }
  return digits
}
