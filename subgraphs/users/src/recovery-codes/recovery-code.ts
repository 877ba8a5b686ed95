/** Recovery codes: for the day when the other factor is lost. Each works once. */
import type { Entropy } from '@latchkey/clock'
import type { Keyring } from '@latchkey/secrets'
import { everyMac, type KeyedMac, newestMac } from '../identifiers/keyed-mac.ts'

export const codesPerAccount = 10
const codeLength = 16
const groupLength = 4
/** More is not looked at: a code with a blank between any two characters has room. */
const typedLengthMax = 64

// Crockford's base32: no letter in it is read as another character. A byte holds each of the 32 equally often.
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const canonicalForm = /^[0-9A-HJKMNP-TV-Z]{16}$/

/** 80 random bits in groups of four: `7Q2M-9XKD-…`. */
export function newRecoveryCode(entropy: Entropy): string {
  const letters = [...entropy.bytes(codeLength)].map((byte) => alphabet[byte % alphabet.length])
  return letters.join('').replace(new RegExp(`.{${groupLength}}(?!$)`, 'g'), '$&-')
}

/** Whatever the case, the blanks and the dashes, and with what is easily misread read right; `null` when it cannot be one. */
export function parseRecoveryCode(typed: string): string | null {
  if (typed.length > typedLengthMax) return null
  const code = typed
    .replace(/[\s\u2010-\u2015-]/g, '')
    .toUpperCase()
    .replaceAll('O', '0')
    .replace(/[IL]/g, '1')
  return canonicalForm.test(code) ? code : null
}

const message = (accountId: string, code: string) => `recovery-code:${accountId}:${code}`

/** What is kept of a code: bound to its account, so that the row is worth nothing in another one (ASVS 6.5.2). */
export const macOfRecoveryCode = (keyring: Keyring, accountId: string, code: string): KeyedMac =>
  newestMac(keyring, 'one-time-token', message(accountId, code))

/** What may be kept of a code that was typed. Empty when the text cannot be one. */
export function possibleRecoveryCodes(keyring: Keyring, accountId: string, typed: string): readonly KeyedMac[] {
  const code = parseRecoveryCode(typed)
  return code ? everyMac(keyring, 'one-time-token', message(accountId, code)) : []
}

export interface IssuedCodes {
  /** To be shown, once. */
  readonly shown: readonly string[]
  readonly kept: readonly KeyedMac[]
}

export function issueRecoveryCodes(keyring: Keyring, entropy: Entropy, accountId: string): IssuedCodes {
  const shown = Array.from({ length: codesPerAccount }, () => newRecoveryCode(entropy))
  const kept = shown.map((code) => macOfRecoveryCode(keyring, accountId, code.replaceAll('-', '')))
  return { shown, kept }
}
