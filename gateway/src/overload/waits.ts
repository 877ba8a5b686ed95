/** How long requests waited: how much longer they took than their operation takes at its best. */

export interface Waits {
  /** `operation` is the same object for the same operation. */
  answered(operation: object, tookMs: number): void
  /** The least wait of those answered since the last look, in milliseconds (RFC 8289); of the look before where none was. */
  look(): number
}

interface Best {
  ms: number
  knownAt: number
}

/** In each look, so much of a best is forgotten: about a fiftieth in a second. What has become slower is not waiting for ever. */
const forgotten = 1.001

export function createWaits(): Waits {
  const bests = new WeakMap<object, Best>()
  let looks = 0
  let least: number | null = null
  let before = 0
  function bestOf(operation: object, tookMs: number): number {
    const known = bests.get(operation)
    if (!known) {
      bests.set(operation, { ms: tookMs, knownAt: looks })
      return tookMs
    }
    known.ms = Math.min(tookMs, known.ms * forgotten ** (looks - known.knownAt))
    known.knownAt = looks
    return known.ms
  }
  return {
    answered(operation, tookMs) {
      const wait = tookMs - bestOf(operation, tookMs)
      least = least === null ? wait : Math.min(least, wait)
    },
    look() {
      looks += 1
      before = least ?? before
      least = null
      return before
    },
  }
}
