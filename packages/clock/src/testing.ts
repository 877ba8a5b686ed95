/** A clock that stands still until it is told to move, and randomness that repeats itself. */
import { createHash } from 'node:crypto'
import type { Clock, Entropy } from './clock.ts'

export interface HeldClock extends Clock {
  advance(ms: number): void
}

export function clockAt(iso: string): HeldClock {
  let at = Date.parse(iso)
  return {
    now: () => new Date(at),
    advance: (ms) => {
      at += ms
    },
  }
}

/** The same seed gives the same bytes in the same order. */
export function seededEntropy(seed = 'seed'): Entropy {
  let drawn = 0
  const block = () => createHash('sha512').update(`${seed}:${drawn++}`).digest()
  return {
    bytes(length) {
      const parts: Buffer[] = []
      for (let have = 0; have < length; have += 64) parts.push(block())
      return Buffer.concat(parts).subarray(0, length)
    },
  }
}
