/** How many requests are worked on at once: as many as can be without any of them waiting for all the others. */
import { secondMs } from '@latchkey/clock'
import type { Rank } from './rank.ts'

export interface Limit {
  /** `null`: it is not let in. Else it is to be called when the request is answered. */
  begin(rank: Rank): (() => void) | null
  /** To be called every `lookEveryMs`, with how late that was. */
  look(lateMs: number): void
  current(): number
}

export const lookEveryMs = 100
const most = 2_000
const least = 16
/** Of a process that has room left the event loop is not later than this. */
const lateAfterMs = 50
/** For as long as it has been late so often in a row, it is a crowd and no burst (as CoDel tells them apart, RFC 8289). */
const latesInARow = 5
const shrink = 0.8
const grow = 0.1

/** Which part of the limit each may fill. */
const shares: Readonly<Record<Rank, number>> = { kept: 1, own: 0.9, usual: 0.75, unknown: 0.6 }

/** Additive increase and multiplicative decrease, by how late the event loop is: it is late for whoever asks. */
export function createLimit(): Limit {
  let limit = most
  let inFlight = 0
  let peak = 0
  let lates = 0
  return {
    begin(rank) {
      if (inFlight >= limit * shares[rank]) return null
      inFlight += 1
      peak = Math.max(peak, inFlight)
      return () => {
        inFlight -= 1
      }
    },
    look(lateMs) {
      lates = lateMs > lateAfterMs ? lates + 1 : 0
      if (lates >= latesInARow) limit = Math.max(least, Math.floor(Math.min(limit, peak) * shrink))
      else if (lates === 0 && peak >= limit * shares.unknown) limit = Math.min(most, limit + Math.ceil(limit * grow))
      else if (lates === 0 && limit < most) limit = Math.min(most, limit + 1)
      peak = inFlight
    },
    current: () => limit,
  }
}

export const retryAfterMs = secondMs
