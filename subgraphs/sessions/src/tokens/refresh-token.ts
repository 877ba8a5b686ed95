/** Refresh tokens: `session.counter.keyId.mac`. Only we can make one, and whether we did is known before any store is asked. */
import { type Keyring, sameBytes } from '@latchkey/secrets'

/** The `counter`-th refresh token of a session; the first is 1. */
export interface RefreshToken {
  readonly sessionId: string
  readonly counter: number
}

// One spelling of each part, bounded in length: nothing else is worth a MAC. The last character of 32 bytes carries four bits.
const shape = /^(ses_[0-9A-Za-z]{22})\.([1-9][0-9]{0,8})\.([\w-]{1,32})\.([\w-]{42}[AEIMQUYcgkosw048])$/

const messageOf = ({ sessionId, counter }: RefreshToken) => `${sessionId}.${counter}`

/** The same session and counter give the same text, for as long as the keyring's newest secret is the same. */
export function formatRefreshToken(keyring: Pick<Keyring, 'mac'>, token: RefreshToken): string {
  const { keyId, mac } = keyring.mac('refresh-token', messageOf(token))
  return `${messageOf(token)}.${keyId}.${mac.toString('base64url')}`
}

/** What a presented text names; null unless this keyring made it. Compares in constant time. */
export function readRefreshToken(keyring: Pick<Keyring, 'macWith'>, text: string): RefreshToken | null {
  const [, sessionId, counter, keyId, mac] = shape.exec(text) ?? []
  if (!sessionId || !counter || !keyId || !mac) return null
  const token = { sessionId, counter: Number(counter) }
  const expected = keyring.macWith('refresh-token', keyId, messageOf(token))
  return expected && sameBytes(expected, Buffer.from(mac, 'base64url')) ? token : null
}
