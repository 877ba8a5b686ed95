/** How many of the connections that rest are read again: so that none rests for long, as far as a small part of the time is enough to refuse them once more. */

export interface Turns {
  /** To be told of each refusal, and how long it took to write. */
  refused(tookMs: number): void
  /** For the time since the last look. */
  look(sinceMs: number, resting: number): number
  /** How long whoever comes last of so many will rest. */
  restMsOf(resting: number): number
}

/** Less than people wait for an answer, so that one is worth giving; and than whoever is refused is told to wait. */
const restMs = 900
/** Of a process' time; what is left answers. So much is spent in any case, and so much if it takes as much that nobody rests longer. */
const [shareLeast, shareMost] = [0.05, 0.3]
/** To read a request takes half as long again as to refuse it. */
const wholeOverWritten = 2.5
/** What one takes, whole: so far apart are machines, and not what the clock says of one that stood still. */
const [costMsLeast, costMsMost] = [0.02, 0.5]
const forgotten = 0.2

export function createTurns(): Turns {
  let costMs = 0.1
  let [refused, tookMs] = [0, 0]
  /** A millisecond. */
  const paceOf = (resting: number) => Math.max(shareLeast / costMs, Math.min(shareMost / costMs, resting / restMs))

  function learn(): void {
    const seenMs = Math.min(costMsMost, Math.max(costMsLeast, (tookMs / refused) * wholeOverWritten))
    costMs += (seenMs - costMs) * forgotten
    refused = 0
    tookMs = 0
  }

  return {
    refused(writtenMs) {
      refused += 1
      tookMs += writtenMs
    },
    look(sinceMs, resting) {
      // Where nobody was refused there is room.
      const whereThereIsRoom = refused === 0 ? Math.ceil(resting / 2) : 0
      if (refused > 0) learn()
      return Math.max(1, whereThereIsRoom, Math.round(sinceMs * paceOf(resting)))
    },
    restMsOf: (resting) => resting / paceOf(resting),
  }
}
