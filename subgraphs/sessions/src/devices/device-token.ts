/**
 * Device tokens: `device.account.issued.keyId.mac`. What a client is known by that has signed in to an account before
 * (OWASP: device cookies). Only we can make one, and whether we did is known before any store is asked. It proves nothing else.
 */
import { dayMs } from '@latchkey/clock'
import { type Keyring, sameBytes } from '@latchkey/secrets'

/** A client, as one account knows it. Another account on the same client knows it by another id. */
export interface KnownDevice {
  /** What anything that is kept of the device is kept under. */
  readonly deviceId: string
  readonly userId: string
  readonly issuedAtMs: number
}

/** How long a token is good for after the sign-in that gave it. */
export const deviceTokenLifetimeMs = 180 * dayMs

// One spelling of each part, bounded in length: nothing else is worth a MAC.
const shape =
  /^(dev_[0-9A-Za-z]{22})\.(usr_[0-9A-Za-z]{1,64})\.([1-9][0-9]{0,14})\.([\w-]{1,32})\.([\w-]{42}[AEIMQUYcgkosw048])$/

const textOf = ({ deviceId, userId, issuedAtMs }: KnownDevice) => `${deviceId}.${userId}.${issuedAtMs}`
const messageOf = (device: KnownDevice) => `device ${textOf(device)}`

export function formatDeviceToken(keyring: Pick<Keyring, 'mac'>, device: KnownDevice): string {
  const { keyId, mac } = keyring.mac('identifier', messageOf(device))
  return `${textOf(device)}.${keyId}.${mac.toString('base64url')}`
}

/** What a presented text names; null unless this keyring made it, less than 180 days before `nowMs`. Compares in constant time. */
export function readDeviceToken(keyring: Pick<Keyring, 'macWith'>, text: string, nowMs: number): KnownDevice | null {
  const [, deviceId, userId, issued, keyId, mac] = shape.exec(text) ?? []
  if (!deviceId || !userId || !issued || !keyId || !mac) return null
  const device = { deviceId, userId, issuedAtMs: Number(issued) }
  const expected = keyring.macWith('identifier', keyId, messageOf(device))
  if (!expected || !sameBytes(expected, Buffer.from(mac, 'base64url'))) return null
  return nowMs < device.issuedAtMs + deviceTokenLifetimeMs ? device : null
}
