/** One-time tokens: what a link in a mail carries. Whoever holds one reads the mails of an address. */
import { dayMs, type Entropy, hourMs, minuteMs } from '@latchkey/clock'
import type { Keyring } from '@latchkey/secrets'
import { restorableForMs } from '../administration/standing.ts'
import type { BlindIndex } from '../identifiers/blind-index.ts'
import { everyMac, type KeyedMac, newestMac } from '../identifiers/keyed-mac.ts'

/** How long a token of each purpose lives. A token serves the purpose it was made for and no other (ASVS 6.4.1, 6.4.3). */
export const tokenLifetimesMs = {
  'verify-email': 24 * hourMs,
  'reset-password': hourMs,
  'change-email': 24 * hourMs,
  'undo-email-change': 72 * hourMs,
  invitation: 7 * dayMs,
  'not-me': 72 * hourMs,
  'undo-deletion': restorableForMs,
  'sign-in': 10 * minuteMs,
} as const

export type TokenPurpose = keyof typeof tokenLifetimesMs

/** A token for a subject and an address, kept as its MAC. */
export interface KeptToken {
  readonly id: string
  readonly purpose: TokenPurpose
  /** The registration or the account it is for. */
  readonly subjectId: string
  /** Of the address it is sent to. */
  readonly emailIndex: BlindIndex
  readonly mac: KeyedMac
  /** What else has to be known when it comes back, sealed. */
  readonly payload?: string | null
  /** Of the code that came with it, where one did (`code.ts`). */
  readonly codeMac?: string | null
  readonly createdAt: Date
  readonly expiresAt: Date
}

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
