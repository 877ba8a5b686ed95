/** What became of requests: how many, and how long those took that were answered. */

/** `good`: 200 with data and no error; `late`: the same, too late. `left`: whoever asked did not wait any longer. */
export type Outcome = 'good' | 'late' | 'refused' | 'refusedWithoutRetryAfter' | 'failed' | 'left' | 'lost'

export interface Tally {
  readonly seconds: number
  /** Sent. */
  readonly offered: number
  /** Due, and not sent: every connection was waiting for an answer. */
  readonly notOffered: number
  readonly outcomes: Readonly<Record<Outcome, number>>
  /** Open at the end. */
  readonly connections: number
  /** From when a request was due, whenever it was sent. */
  readonly goodMs: Percentiles
  readonly refusedMs: Percentiles
}

interface Percentiles {
  readonly p50: number
  readonly p99: number
}

const perMs = 10
const mostMs = 2_000

/** Counts by tenths of a millisecond, so that a minute of requests takes no more room than a second. */
function createHistogram() {
  const counts = new Uint32Array(mostMs * perMs + 1)
  let total = 0
  function at(share: number): number {
    let left = Math.ceil(total * share)
    for (const [place, count] of counts.entries()) {
      left -= count
      if (left <= 0) return place / perMs
    }
    return mostMs
  }
  return {
    add(ms: number): void {
      const place = Math.min(counts.length - 1, Math.max(0, Math.floor(ms * perMs)))
      counts[place] = (counts[place] ?? 0) + 1
      total += 1
    },
    read: (): Percentiles => ({ p50: at(0.5), p99: at(0.99) }),
  }
}

export function createTally() {
  const outcomes = { good: 0, late: 0, refused: 0, refusedWithoutRetryAfter: 0, failed: 0, left: 0, lost: 0 }
  const [good, refused] = [createHistogram(), createHistogram()]
  let [offered, notOffered] = [0, 0]
  return {
    offer(): void {
      offered += 1
    },
    passOver(): void {
      notOffered += 1
    },
    count(outcome: Outcome, tookMs: number): void {
      outcomes[outcome] += 1
      if (outcome === 'good') good.add(tookMs)
      if (outcome === 'refused') refused.add(tookMs)
    },
    read: (seconds: number, connections: number): Tally => ({
      ...{ seconds, offered, notOffered, outcomes, connections, goodMs: good.read(), refusedMs: refused.read() },
    }),
  }
}
