/** Time-based one-time passwords (RFC 6238): six digits, thirty seconds, HMAC-SHA-1, as every authenticator app has them. */
import { createHmac } from 'node:crypto'
import { type Entropy, secondMs } from '@latchkey/clock'
import { sameBytes } from '@latchkey/secrets'

const digits = 6
const stepMs = 30 * secondMs
/** A clock may be that many steps off, and the person that slow (RFC 6238 section 5.2). */
const stepsOff = 1
/** 160 bits, the length of the MAC (RFC 4226 section 4). */
const secretBytes = 20

export const newTotpSecret = (entropy: Entropy): Uint8Array => entropy.bytes(secretBytes)

const base32Alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** RFC 4648 section 6, without padding, as authenticator apps take it. */
export function base32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  return (bits.match(/.{1,5}/g) ?? []).map((five) => base32Alphabet[Number.parseInt(five.padEnd(5, '0'), 2)]).join('')
}

/** The step that a moment is in, by the clock of the server (ASVS 6.5.8). */
export const stepAt = (at: Date): number => Math.floor(at.getTime() / stepMs)

/** The code of a step (RFC 4226 section 5.3). */
export function totpCode(secret: Uint8Array, step: number): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const mac = createHmac('sha1', secret).update(counter).digest()
  const offset = mac.readUInt8(mac.length - 1) & 0x0f
  const number = mac.readUInt32BE(offset) & 0x7fff_ffff
  return String(number % 10 ** digits).padStart(digits, '0')
}

const typedLengthMax = 16

/** The digits, whatever blanks stand between them; `null` when it cannot be a code. */
export function parseTotpCode(typed: string): string | null {
  const code = typed.length <= typedLengthMax ? typed.replace(/\s/g, '') : ''
  return /^\d{6}$/.test(code) ? code : null
}

/** The step whose code this is, near the given moment; `null`: a wrong code. The latest, should two steps have the same one. */
export function matchingStep(secret: Uint8Array, typed: string, at: Date): number | null {
  const code = parseTotpCode(typed)
  if (!code) return null
  const now = stepAt(at)
  const steps = Array.from({ length: 2 * stepsOff + 1 }, (_, index) => now + stepsOff - index)
  const matching = steps.filter((step) => sameBytes(Buffer.from(totpCode(secret, step)), Buffer.from(code)))
  return matching[0] ?? null
}

export interface TotpLabel {
  /** Who asks for the code, as the app shows it. */
  readonly issuer: string
  readonly account: string
}

/** What an authenticator app reads from a QR code (Key Uri Format). */
export function otpauthUri(secret: Uint8Array, { issuer, account }: TotpLabel): string {
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(account)}`
  const parameters = {
    secret: base32(secret),
    issuer,
    algorithm: 'SHA1',
    digits: `${digits}`,
    period: `${stepMs / secondMs}`,
  }
  // Apps read %20 where a form would write a plus.
  return `otpauth://totp/${label}?${new URLSearchParams(parameters).toString().replaceAll('+', '%20')}`
}
