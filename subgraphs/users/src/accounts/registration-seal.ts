/** What a registration knows of a person, sealed until there is an account with a key of its own. */
import type { Keyring } from '@latchkey/secrets'

export interface RegistrationPersonal {
  /** As written: where mail goes. */
  readonly email: string
  readonly displayName: string
}

const place = (registrationId: string) => `users.registrations.personal:${registrationId}`

export const sealRegistration = (keyring: Keyring, id: string, { email, displayName }: RegistrationPersonal): string =>
  keyring.seal('data', JSON.stringify({ email, displayName }), place(id))

/** Throws when it was altered or belongs to another registration. */
export const openRegistration = (keyring: Keyring, id: string, sealed: string): RegistrationPersonal =>
  JSON.parse(keyring.open('data', sealed, place(id)).toString()) as RegistrationPersonal
