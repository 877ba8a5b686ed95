/** Time and randomness as values, so that a test can hold both still. */
import { randomBytes } from 'node:crypto'

export interface Clock {
  now(): Date
}

export interface Entropy {
  /** `length` bytes that nobody can predict. */
  bytes(length: number): Uint8Array
}

export const systemClock: Clock = { now: () => new Date() }

export const systemEntropy: Entropy = { bytes: (length) => randomBytes(length) }

export const secondMs = 1_000
export const minuteMs = 60 * secondMs
export const hourMs = 60 * minuteMs
export const dayMs = 24 * hourMs

const unitsMs: Readonly<Record<string, number>> = { s: secondMs, m: minuteMs, h: hourMs, d: dayMs }

/** Milliseconds of `30d`, `12h`, `15m` or `90s`: a whole number above 0 and a unit. `null` for anything else. */
export function parseDuration(text: string): number | null {
  const [, count, unit] = /^([1-9]\d{0,5})([smhd])$/.exec(text) ?? []
  const unitMs = unitsMs[unit ?? '']
  return unitMs === undefined ? null : Number(count) * unitMs
}

const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** `length` characters of base62, each equally likely. */
export function randomBase62(entropy: Entropy, length: number): string {
  let text = ''
  while (text.length < length) {
    // 248 is the largest multiple of 62 that fits a byte: what lies above would favour the first letters.
    for (const byte of entropy.bytes(length)) if (byte < 248 && text.length < length) text += base62[byte % 62]
  }
  return text
}

/** An id nobody can guess (22 characters, 131 bits; ASVS 11.5.1), with a prefix that says what it names. */
export const newId = (entropy: Entropy, prefix: string): string => `${prefix}_${randomBase62(entropy, 22)}`
