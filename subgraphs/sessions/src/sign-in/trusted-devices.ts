/** What signing in needs to know of trusted devices. Users keeps them: what ends their trust happens there. */
import type { Asking } from '../users-question.ts'

/** A device that an account knows, judged by its token; the account's session epoch when the person proved who they are. */
export interface DeviceQuestion {
  readonly userId: string
  readonly deviceId: string
  readonly sessionEpoch: number
}

/** `not known`: nobody could say, and whoever signs in has waited for that. */
export type DeviceTrust = 'trusted' | 'not trusted' | 'not known'

export interface TrustedDevices {
  /** Trusts it for 30 days, where devices are. A failure is told in the log: it must not undo a sign-in. Never rejects. */
  trust(device: DeviceQuestion, asking: Asking): Promise<void>
  /** A second factor may be left out where it is trusted, and nowhere else. */
  trustIn(device: DeviceQuestion, asking: Asking): Promise<DeviceTrust>
}
