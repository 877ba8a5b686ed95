/** Accounts: what one is, and what is needed to ask for one. */
import { badInput } from '@latchkey/problem'
import { type EmailAddress, parseEmailAddress } from '../email/email-address.ts'
import { faultOfNewPassword } from '../passwords/password.ts'
import { parseLocale } from '../profile/profile.ts'

/** An account as it is stored; `email` and `displayName` are sealed. */
export interface StoredAccount {
  readonly id: string
  readonly email: string
  readonly displayName: string
  readonly emailVerified: boolean
  readonly createdAtMs: number
  /** The key of the sealed columns, itself sealed. */
  readonly sealedKey: string
}

export interface RegisterInput {
  readonly email: string
  readonly password: string
  readonly displayName: string
  readonly locale?: string | null
}

/** Whether it has the form of an id. Anything else is no account, and no concern of the database. */
export const isAccountId = (text: string): boolean => /^[\w-]{1,64}$/.test(text)

/** What somebody asks an account with, found acceptable. */
export interface Applicant {
  readonly address: EmailAddress
  readonly displayName: string
  readonly password: string
  readonly locale: string | null
}

export const displayNameMax = 80
/** In UTF-16 units. Normalising takes the square of a run of marks, so what is longer than this is not looked at. */
const displayNameUnitsMax = 4 * displayNameMax

// Control characters, line breaks, and the marks that turn the direction of what follows them.
const unprintable = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u

/** The name in NFC without the space around it, or `null`. */
export function parseDisplayName(text: string): string | null {
  if (text.length > displayNameUnitsMax) return null
  const name = text.trim().normalize('NFC')
  const length = [...name].length
  return length === 0 || length > displayNameMax || unprintable.test(name) ? null : name
}

/** Throws BAD_USER_INPUT naming every wrong field. Looks at nothing but the input itself. */
export function parseApplicant({ email, password, displayName, locale }: RegisterInput): Applicant {
  const address = parseEmailAddress(email)
  const name = parseDisplayName(displayName)
  // What did not parse is not worked on: it has no bound.
  const passwordFault = faultOfNewPassword(password, [address?.written ?? '', name ?? ''])
  const language = typeof locale === 'string' ? parseLocale(locale) : undefined
  const faults = {
    ...(address ? {} : { 'input.email': 'must be an email address' }),
    ...(passwordFault ? { 'input.password': passwordFault } : {}),
    ...(name ? {} : { 'input.displayName': `must be 1 to ${displayNameMax} printable characters` }),
    ...(language === null ? { 'input.locale': 'must be a language tag such as en or de-AT' } : {}),
  }
  if (!address || !name || passwordFault || language === null) throw badInput(faults)
  return { address, displayName: name, password, locale: language ?? null }
}
