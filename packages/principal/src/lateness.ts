/** Lateness: a store that answers late is taken for one that is away, until it answers in time again. */
import { setTimeout as pause } from 'node:timers/promises'

export interface Lateness {
  /** Whether nothing is to be asked of it now. */
  isLate(): boolean
  /** To be called when something is asked; what it gives, when that was answered or given up. */
  asked(): () => void
}

export interface LatenessTerms {
  readonly lateAfterMs: number
  /** Milliseconds that only grow. */
  readonly nowMs: () => number
  /** Whether this process itself did nothing for a while since then: an answer may have waited for it. */
  readonly wasStalled: (sinceMs: number) => boolean
  /** Whether there is a connection: without one it says for itself that nothing can be asked. */
  readonly isThere: () => boolean
  /** Asks for a sign of life, whether it is late or not. Rejects when there is none. */
  readonly probe: () => Promise<unknown>
}

const probeAgainMs = 20

/**
 * One answer that is late is enough: a request that has waited for it has no time for a second one. From then on it is probed, one
 * probe after the other, and the first that is in time ends it.
 */
export function createLateness({ lateAfterMs, nowMs, wasStalled, isThere, probe }: LatenessTerms): Lateness {
  let late = false
  const inTime = (sentMs: number) => nowMs() - sentMs <= lateAfterMs || wasStalled(sentMs)

  async function answersInTime(): Promise<boolean> {
    const sentMs = nowMs()
    try {
      await probe()
      return inTime(sentMs)
    } catch {
      return false
    }
  }

  async function waitUntilInTime(): Promise<void> {
    while (isThere() && !(await answersInTime())) await pause(probeAgainMs, undefined, { ref: false })
    late = false
  }

  return {
    isLate: () => late,
    asked() {
      const sentMs = nowMs()
      return () => {
        if (late || inTime(sentMs)) return
        late = true
        void waitUntilInTime()
      }
    },
  }
}

export interface StallWatch {
  /** Whether the event loop stood still for a while between then and now. */
  wasStalled(sinceMs: number): boolean
  stop(): void
}

const tickMs = 25
const stallMs = 75

/** Notices when the event loop stands still: a tick that is late, or overdue now. */
export function watchStalls(nowMs: () => number): StallWatch {
  let tickedMs = nowMs()
  let stalledMs = Number.NEGATIVE_INFINITY
  const timer = setInterval(() => {
    const atMs = nowMs()
    if (atMs - tickedMs > stallMs) stalledMs = atMs
    tickedMs = atMs
  }, tickMs)
  timer.unref()
  return {
    wasStalled: (sinceMs) => stalledMs > sinceMs || nowMs() - tickedMs > stallMs,
    stop: () => clearInterval(timer),
  }
}
