/** Passkeys: what one is, how many an account may have, and what they are called. */

/** A passkey as it is stored; `name` is sealed. */
export interface StoredPasskey {
  readonly id: string
  readonly accountId: string
  readonly name: string
  /** The key that opens the name, itself sealed. */
  readonly sealedKey: string
  readonly transports: readonly string[]
  readonly backedUp: boolean
  readonly createdAt: Date
  readonly lastUsedAt: Date | null
  readonly signCountAlarmAt: Date | null
}

/** More than a person has devices. */
export const passkeysMax = 10
export const nameMax = 60
/** In UTF-16 units. What is longer is not normalised. */
const nameUnitsMax = 4 * nameMax

// Control characters, line breaks, and the marks that turn the direction of what follows them.
const unprintable = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u

/** The name in NFC without the space around it, or `null`. */
export function parsePasskeyName(text: string): string | null {
  if (text.length > nameUnitsMax) return null
  const name = text.trim().normalize('NFC')
  const length = [...name].length
  return length === 0 || length > nameMax || unprintable.test(name) ? null : name
}

/** Whether it has the form of a credential's id. Anything else is no passkey, and no concern of the database. */
export const isPasskeyId = (text: string): boolean => /^[\w-]{1,1400}$/.test(text)
