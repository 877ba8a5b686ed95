/** Trusted devices: where an account signs in with the password alone for a while, because a second factor was shown there. */
import { dayMs } from '@latchkey/clock'
import type { FactorState } from '../second-factors/second-factor.ts'

export interface TrustedDevice {
  /** What Sessions knows the device by to this account. */
  readonly id: string
  readonly accountId: string
  /** What the person signed in with, such as `Firefox on Linux`. */
  readonly name: string
  /** The place, as coarsely as it may be kept. */
  readonly network: string | null
  readonly createdAt: Date
  readonly lastUsedAt: Date | null
  readonly expiresAt: Date
}

/** From the second factor on, however often the device is used: it is shown again at least once in so long. */
export const trustedForMs = 30 * dayMs
/** One more takes the place of the oldest. */
export const trustedDevicesMax = 10

/** Whether a device is trusted at all, and whether that will do for an account that a role asks for a second factor. */
export type DeviceTrust = 'off' | 'unless-demanded' | 'always'

/** Whether trust will do in place of the second factors of an account. */
export function trustWillDo(policy: DeviceTrust, state: Pick<FactorState, 'demanded'> | null): boolean {
  if (state === null || policy === 'off') return false
  return policy === 'always' || !state.demanded
}

/** Those that are trusted at a moment, the newest first. */
export const trustedAt = (devices: readonly TrustedDevice[], now: Date): readonly TrustedDevice[] =>
  devices.filter(({ expiresAt }) => expiresAt > now).slice(0, trustedDevicesMax)

/** Whether it has the form of an id. Anything else is no device, and no concern of the database. */
export const isDeviceId = (text: string): boolean => /^dev_[0-9A-Za-z]{22}$/.test(text)
