/** What a registration knows of a person, sealed until there is an account with a key of its own. */
import type { Keyring } from '@latchkey/secrets'

export interface RegistrationPersonal {
  /** As written: where mail goes. */
  readonly email: string
  readonly displayName: string
  readonly locale: string | null
  /** Browser and system it was made with, where both are known by name. */
  readonly device: string | null
}

export const registrationPlace = (registrationId: string) => `users.registrations.personal:${registrationId}`

export function sealRegistration(keyring: Keyring, id: string, personal: RegistrationPersonal): string {
  const { email, displayName, locale, device } = personal
  return keyring.seal('data', JSON.stringify({ email, displayName, locale, device }), registrationPlace(id))
}

/** Throws when it was altered or belongs to another registration. */
export const openRegistration = (keyring: Keyring, id: string, sealed: string): RegistrationPersonal =>
  ({
    locale: null,
    device: null,
    ...JSON.parse(keyring.open('data', sealed, registrationPlace(id)).toString()),
  }) as RegistrationPersonal
