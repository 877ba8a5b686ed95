/** How many requests are worked on at once: as many as keep the house at work, and no more, for these would only wait. */
import { createPlaces, type Places } from './places.ts'
import type { Rank } from './rank.ts'
import { createWaits } from './waits.ts'

export interface Arrival {
  readonly rank: Rank
  readonly addressOf: () => string
  /** Where it is known: the same object whenever the same is to be done. */
  readonly operation: object | undefined
}

/** What there is to see of the time since the last look, which is longer where a look is late. */
export interface Seen {
  readonly sinceMs: number
  /** The part of it in which the event loop was at work. */
  readonly busy: number
}

export interface Limit {
  /** `null`: it is not let in. Else it is to be called when the request is answered. */
  begin(arrival: Arrival): (() => void) | null
  /** To be called every `lookEveryMs`. */
  look(seen: Seen): void
  current(): number
}

export const lookEveryMs = 50
const most = 2_000
const least = 64
/** Of a process that rests: it is something else that is slow, and may be so by nature. */
const leastAtRest = 200
/** Of a process that has room left the event loop rests at times. */
const busyFrom = 0.9
/** So often in a row is a crowd, and less a burst (as CoDel tells them apart, RFC 8289). */
const crowdedLooksInARow = 2
/** As long as everybody waits longer than at best, there is a crowd somewhere. */
const waitMsMax = 200
/** Whoever is let in in a crowd waits about as long: enough to keep the process at work. With more at once each of them is more work. */
const aheadMs = 50
const shrinkMost = 0.5
const grow = 1.1
/** Over so long it is counted how many are answered: longer than they take, so that those who come in a heap are no pace. */
const paceOverMs = 1_000
/** Longer than whoever was refused was told to wait. */
const roundMs = 2_000

/** Each has places of its own, so that a flood of one takes none of the others. The last two share with what is usual, which keeps a part to itself. */
const placesOf = {
  ending: 'ending',
  entering: 'entering',
  own: 'own',
  usual: 'rest',
  opening: 'rest',
  unknown: 'rest',
} as const
const lowShare = 0.75
const isLow = (rank: Rank) => rank === 'opening' || rank === 'unknown'

/**
 * While the loop has no rest, or all wait, the limit sinks towards as many as are answered in `waitMsMax`. While it rests and few
 * wait, it grows: whatever is waited for then, it is neither this process nor a queue in what it asks.
 */
export function createLimit(nowMs: () => number): Limit {
  const places = { ending: createPlaces(), entering: createPlaces(), own: createPlaces(), rest: createPlaces() }
  const all: readonly Places[] = Object.values(places)
  const waits = createWaits()
  let limit = most
  let crowdedLooks = 0
  let roundSinceMs = 0
  let answered = 0
  /** A millisecond. */
  let pace = 0
  let peak = 0
  const takenNow = () => Math.max(...all.map(({ taken }) => taken))
  const isCrowd = () => limit < most

  function shrink(floor: number): void {
    const ahead = Math.round(pace * aheadMs)
    const half = Math.floor(Math.min(limit, peak) * shrinkMost)
    limit = Math.min(most, Math.max(Math.min(limit, floor), ahead, half))
  }

  return {
    begin({ rank, addressOf, operation }) {
      const where = places[placesOf[rank]]
      const room = isLow(rank) ? limit * lowShare : limit
      const end = isCrowd() ? where.takeFairly(room, addressOf()) : where.take(room)
      if (!end) return null
      peak = Math.max(peak, where.taken)
      const begunMs = nowMs()
      return () => {
        answered += 1
        end()
        // Whoever signs in waits for a hash, which has a queue of its own.
        if (operation && rank !== 'entering') waits.answered(operation, nowMs() - begunMs)
      }
    },
    look({ sinceMs, busy }) {
      pace += (answered / sinceMs - pace) * (1 - Math.exp(-sinceMs / paceOverMs))
      answered = 0
      const waitMs = waits.look()
      const isBusy = busy >= busyFrom
      const isCrowded = isBusy || (waitMs > waitMsMax && takenNow() > 0)
      crowdedLooks = isCrowded ? crowdedLooks + 1 : 0
      if (isCrowded && (isCrowd() || crowdedLooks >= crowdedLooksInARow)) shrink(isBusy ? least : leastAtRest)
      else if (!isCrowded && isCrowd() && (waitMs < waitMsMax / 2 || takenNow() === 0))
        limit = Math.min(most, Math.ceil(limit * grow))
      peak = takenNow()
      roundSinceMs += sinceMs
      if (roundSinceMs < roundMs) return
      roundSinceMs = 0
      for (const each of all) each.endRound()
    },
    current: () => limit,
  }
}
