/** Codes: what a person types from a mail that was read on another device. Short, so few tries and little time. */
import { type Entropy, minuteMs } from '@latchkey/clock'
import { type Keyring, sameBytes } from '@latchkey/secrets'
import { everyMac, type KeyedMac } from '../identifiers/keyed-mac.ts'

/** ASVS 6.5.5. */
export const codeLifetimeMs = 10 * minuteMs
/** With 10⁸ codes, five tries are right once in twenty million. */
export const codeTriesMax = 5

const digits = 8
const codeText = /^\d{8}$/

export const isCode = (text: string): boolean => codeText.test(text)

/** Eight digits. Of the 2⁴⁸ values they are taken from, none makes a code likelier than another by more than 10⁻⁶. */
export const newCode = (entropy: Entropy): string =>
  String(Buffer.from(entropy.bytes(6)).readUIntBE(0, 6) % 10 ** digits).padStart(digits, '0')

export interface ShownCode {
  /** The token that the code came with: the same code with another token is another code. */
  readonly tokenId: string
  readonly code: string
}

const messageOf = ({ tokenId, code }: ShownCode) => `code:${tokenId}:${code}`

/** What is kept of a code; `null` when the keyring no longer holds the key. */
export function macOfCode(keyring: Keyring, keyId: string, shown: ShownCode): string | null {
  const mac = keyring.macWith('one-time-token', keyId, messageOf(shown))
  return mac ? mac.toString('base64url') : null
}

/** What may be kept of a code that is shown, under each key. */
export const everyMacOfCode = (keyring: Keyring, shown: ShownCode): readonly KeyedMac[] =>
  everyMac(keyring, 'one-time-token', messageOf(shown))

/** Whether a shown code is the one that was kept. */
export function isCodeOf(keyring: Keyring, kept: { keyId: string; codeMac: string }, shown: ShownCode): boolean {
  const mac = macOfCode(keyring, kept.keyId, shown)
  return mac !== null && sameBytes(Buffer.from(mac), Buffer.from(kept.codeMac))
}
