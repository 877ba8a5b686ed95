/** One-time tokens: what a link in a mail carries. Whoever holds one reads the mails of an address. */
import { type Entropy, hourMs } from '@latchkey/clock'
import type { Keyring } from '@latchkey/secrets'
import { everyMac, type KeyedMac, newestMac } from './keyed-mac.ts'

/** A token serves the purpose it was made for and no other (ASVS 6.4.3). */
export type TokenPurpose = 'verify-email'

export const verificationLifetimeMs = 24 * hourMs

const tokenBytes = 32
const tokenText = /^[\w-]{43}$/

/** 256 random bits, base64url. */
export const newToken = (entropy: Entropy): string => Buffer.from(entropy.bytes(tokenBytes)).toString('base64url')

const message = (purpose: TokenPurpose, token: string) => `${purpose}:${token}`

/** What is kept of a token: enough to recognise it, not enough to use it. */
export const macOfToken = (keyring: Keyring, purpose: TokenPurpose, token: string): KeyedMac =>
  newestMac(keyring, 'one-time-token', message(purpose, token))

/** What may be kept of a token that is shown. Empty when the text cannot be a token. */
export const possibleMacs = (keyring: Keyring, purpose: TokenPurpose, token: string): readonly KeyedMac[] =>
  tokenText.test(token) ? everyMac(keyring, 'one-time-token', message(purpose, token)) : []
