/** The profile: what a person says of themselves, named like the standard claims of OpenID Connect (Core 1.0, 5.1). */

/** Every part may be absent. */
export interface Profile {
  readonly givenName?: string
  readonly familyName?: string
  /** BCP 47, in canonical form. */
  readonly locale?: string
  /** A name of the IANA database. */
  readonly timeZone?: string
  /** An https address. */
  readonly picture?: string
  /** `2000-12-31`. */
  readonly birthdate?: string
}

/** As it is sealed. */
export const profileText = (profile: Profile): string => JSON.stringify(profile)

/** Only `profileText` writes what is read here. */
export const readProfile = (text: string | null): Profile => (text === null ? {} : (JSON.parse(text) as Profile))

const localeUnitsMax = 35
const timeZoneUnitsMax = 64
const pictureUnitsMax = 2_048

/** The canonical form of a language tag, or `null`. */
export function parseLocale(text: string): string | null {
  if (text.length > localeUnitsMax) return null
  try {
    return Intl.getCanonicalLocales(text)[0] ?? null
  } catch {
    return null
  }
}

/** The name as the IANA database spells it, or `null`. No offsets: they are not where anybody lives. */
export function parseTimeZone(text: string): string | null {
  if (text.length > timeZoneUnitsMax || !/^[A-Za-z]/.test(text)) return null
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone
  } catch {
    return null
  }
}

/** The address as URLs are written, or `null`: https alone, without a password in it. */
export function parsePicture(text: string): string | null {
  if (text.length > pictureUnitsMax || !URL.canParse(text)) return null
  const url = new URL(text)
  if (url.protocol !== 'https:' || url.username !== '' || url.password !== '') return null
  return url.href.length > pictureUnitsMax ? null : url.href
}

/** A day of the calendar that has been: `2000-12-31`. */
export function parseBirthdate(text: string, today: Date): string | null {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return null
  const day = new Date(`${text}T00:00:00Z`)
  const isDay = !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text)
  return isDay && day <= today && text >= '1850' ? text : null
}
