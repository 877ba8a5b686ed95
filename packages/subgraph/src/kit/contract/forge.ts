/** Envelopes as a gateway would make them, and as it never would. */
import type { KeyObject } from 'node:crypto'
import { secondMs, systemClock } from '@latchkey/clock'
import { keyIdOf } from '@latchkey/principal/principal-jwks'
import { aUser } from '@latchkey/principal/testing'
import { type JWTHeaderParameters, SignJWT } from 'jose'

/** Whom the subgraph trusts, and what it is called. */
export interface Forger {
  readonly audience: string
  readonly privateKey: KeyObject
}

/** What is different from a good envelope; `undefined` leaves a claim out. */
export interface Forgery {
  readonly key?: KeyObject | Uint8Array
  readonly header?: Readonly<Record<string, unknown>>
  readonly claims?: Readonly<Record<string, unknown>>
}

export const lifetimeS = 60

export const nowS = (): number => Math.floor(systemClock.now().getTime() / secondMs)

/** A good envelope for a person, but for what is asked. */
export function forge(
  { audience, privateKey }: Forger,
  { key, header = {}, claims = {} }: Forgery = {},
): Promise<string> {
  const issuedAt = nowS()
  const usual = {
    ...{ iss: 'gateway', aud: audience, iat: issuedAt, exp: issuedAt + lifetimeS },
    principal: aUser({ userId: 'usr_contract', sessionId: 'ses_contract' }),
  }
  const protectedHeader = { alg: 'EdDSA', typ: 'latchkey-principal+jwt', kid: keyIdOf(privateKey), ...header }
  return new SignJWT(withoutAbsent({ ...usual, ...claims }))
    .setProtectedHeader(withoutAbsent(protectedHeader) as JWTHeaderParameters)
    .sign(key ?? privateKey, { crit: { exp: true } })
}

const withoutAbsent = (claims: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined))

/** The same envelope with one part written anew, and the signature of before. */
export function rewritten(envelope: string, part: 'header' | 'claims', change: (text: string) => string): string {
  const parts = envelope.split('.')
  const at = part === 'header' ? 0 : 1
  parts[at] = Buffer.from(change(Buffer.from(parts[at] ?? '', 'base64url').toString())).toString('base64url')
  return parts.join('.')
}

/** "There is no signature, and none is needed" (RFC 7519 section 6). */
export function unsigned(envelope: string): string {
  const [, claims] = envelope.split('.')
  const header = JSON.stringify({ alg: 'none', typ: 'latchkey-principal+jwt' })
  return `${Buffer.from(header).toString('base64url')}.${claims}.`
}
