/** What can be done with devices: know one again, and give a client what it will be known by. */
import { type Clock, type Entropy, newId } from '@latchkey/clock'
import type { Keyring } from '@latchkey/secrets'
import { formatDeviceToken, type KnownDevice, readDeviceToken } from './device-token.ts'

export interface Devices {
  /**
   * The device by which this very account knows a client; null when it is a stranger to it: without a token, with one that is
   * forged or older than 180 days, and with one of another account. Asks no store.
   */
  knownTo(userId: string, deviceToken: string | undefined): KnownDevice | null
  /** The same for the account that an address names. Asks whose it is when the token is one of ours, and for that alone. */
  knownToNamed(email: string, deviceToken: string | undefined, requestId: string): Promise<KnownDevice | null>
  /**
   * What a client that has just signed in to an account is known by: the same device as before if it presented a token of this
   * very account, else a new one. The token is good for 180 days from now.
   */
  welcome(userId: string, deviceToken: string | undefined): { readonly deviceId: string; readonly deviceToken: string }
}

/** Which account an address names, if any. Rejects with UNAVAILABLE when nobody can say. */
export type NamedAccount = (email: string, requestId: string) => Promise<string | null>

interface DeviceDependencies {
  readonly namedAccount: NamedAccount
  readonly keyring: Pick<Keyring, 'mac' | 'macWith'>
  readonly clock: Clock
  readonly entropy: Entropy
}

export function createDevices({ namedAccount, keyring, clock, entropy }: DeviceDependencies): Devices {
  const nowMs = () => clock.now().getTime()
  const read = (text: string | undefined) => (text === undefined ? null : readDeviceToken(keyring, text, nowMs()))
  const ifOf = (device: KnownDevice | null, userId: string | null) => (device?.userId === userId ? device : null)
  const knownTo: Devices['knownTo'] = (userId, text) => ifOf(read(text), userId)

  return {
    knownTo,
    async knownToNamed(email, text, requestId) {
      const device = read(text)
      return device && ifOf(device, await namedAccount(email, requestId))
    },
    welcome(userId, presented) {
      const deviceId = knownTo(userId, presented)?.deviceId ?? newId(entropy, 'dev')
      return { deviceId, deviceToken: formatDeviceToken(keyring, { deviceId, userId, issuedAtMs: nowMs() }) }
    },
  }
}
