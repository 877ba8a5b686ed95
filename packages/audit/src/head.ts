/** The head of a chain: how far it reaches at both ends, signed under the keyring, so that a store alone cannot move either. */
import { type Keyring, sameBytes } from '@latchkey/secrets'
import { origin, type Place } from './link.ts'

/** The places a chain reaches from and to. What is kept are the records after `from`, up to and with `to`. */
export interface Reach {
  readonly from: Place
  readonly to: Place
}

export interface Head extends Reach {
  /** Under which version of the keyring it is signed. */
  readonly keyId: string
  readonly mac: Buffer
}

// Of the purpose that every service with records of its own holds. The text before it keeps it apart from anything else.
const purpose = 'data'

const spoken = ({ seq, hash }: Place) => `${seq}:${hash.toString('hex')}`

const messageOf = (chain: string, { from, to }: Reach) =>
  `latchkey audit head 1\n${chain}\n${spoken(from)}\n${spoken(to)}`

export const nothingYet: Reach = { from: origin, to: origin }

export function signHead(keyring: Keyring, chain: string, reach: Reach): Head {
  return { ...reach, ...keyring.mac(purpose, messageOf(chain, reach)) }
}

export type HeadVerdict = 'signed' | 'forged' | 'unknown-key'

export function judgeHead(keyring: Keyring, chain: string, head: Head): HeadVerdict {
  const expected = keyring.macWith(purpose, head.keyId, messageOf(chain, head))
  if (!expected) return 'unknown-key'
  return sameBytes(expected, head.mac) ? 'signed' : 'forged'
}

/** Whether a newer version of the keyring than the head's signs today. */
export const isSignedByOlder = (keyring: Keyring, head: Head): boolean => keyring.keyIds(purpose)[0] !== head.keyId
