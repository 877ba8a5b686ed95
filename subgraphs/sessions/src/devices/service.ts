/** What can be done with devices: know one again, and give a client what it will be known by. */
import { type Clock, type Entropy, newId } from '@latchkey/clock'
import type { Keyring } from '@latchkey/secrets'
import { formatDeviceToken, type KnownDevice, readDeviceToken } from './device-token.ts'

export interface Devices {
  /** The device that a presented token names; null for none, and for one that is forged or older than 180 days. Asks no store. */
  recognise(deviceToken: string | undefined): KnownDevice | null
  /**
   * What a client that has just signed in to an account is known by: the same device as before if it presented a token of this
   * very account, else a new one. The token is good for 180 days from now.
   */
  welcome(userId: string, deviceToken: string | undefined): { readonly deviceId: string; readonly deviceToken: string }
}

interface DeviceDependencies {
  readonly keyring: Pick<Keyring, 'mac' | 'macWith'>
  readonly clock: Clock
  readonly entropy: Entropy
}

export function createDevices({ keyring, clock, entropy }: DeviceDependencies): Devices {
  const nowMs = () => clock.now().getTime()
  const recognise: Devices['recognise'] = (text) =>
    text === undefined ? null : readDeviceToken(keyring, text, nowMs())

  return {
    recognise,
    welcome(userId, presented) {
      const known = recognise(presented)
      const deviceId = known?.userId === userId ? known.deviceId : newId(entropy, 'dev')
      return { deviceId, deviceToken: formatDeviceToken(keyring, { deviceId, userId, issuedAtMs: nowMs() }) }
    },
  }
}
