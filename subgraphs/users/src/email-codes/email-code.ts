/** One-time codes by mail: eight digits, for one pending sign-in, for ten minutes. */
import { type Entropy, minuteMs } from '@latchkey/clock'
import type { Keyring } from '@latchkey/secrets'
import { everyMac, type KeyedMac, newestMac } from '../identifiers/keyed-mac.ts'

/** 26 bits (ASVS 6.5.4 asks for 20). */
const digits = 8
/** ASVS 6.5.5. */
export const emailCodeLifetimeMs = 10 * minuteMs
export const triesPerCode = 5

// 2^64 is so much larger than 10^8 that no code is likelier than another by more than one in 10^11.
export const newEmailCode = (entropy: Entropy): string =>
  String(Buffer.from(entropy.bytes(8)).readBigUInt64BE() % 10n ** BigInt(digits)).padStart(digits, '0')

const typedLengthMax = 32

/** The digits, whatever blanks stand between them; `null` when it cannot be a code. */
export function parseEmailCode(typed: string): string | null {
  const code = typed.length <= typedLengthMax ? typed.replace(/[\s-]/g, '') : ''
  return /^\d{8}$/.test(code) ? code : null
}

/** What a code is for (ASVS 6.6.2). */
export interface EmailCodeSubject {
  readonly accountId: string
  /** Names the pending sign-in. */
  readonly reference: string
}

/** What it is for, in the words of the mail; each is good for its reference alone. */
export type EmailCodePurpose = 'SIGN_IN' | 'STEP_UP'

export const isReference = (text: string): boolean => /^[\w-]{1,64}$/.test(text)

const message = ({ accountId, reference }: EmailCodeSubject, code: string) =>
  `email-code:${accountId}:${reference}:${code}`

export const macOfEmailCode = (keyring: Keyring, subject: EmailCodeSubject, code: string): KeyedMac =>
  newestMac(keyring, 'one-time-token', message(subject, code))

/** What may be kept of a code that was typed. Empty when the text cannot be one. */
export function possibleEmailCodes(keyring: Keyring, subject: EmailCodeSubject, typed: string): readonly KeyedMac[] {
  const code = parseEmailCode(typed)
  return code ? everyMac(keyring, 'one-time-token', message(subject, code)) : []
}

/** As it is read more easily. */
export const spacedEmailCode = (code: string): string => `${code.slice(0, 4)} ${code.slice(4)}`
