/** Lateness: a store that answers late is taken for one that is away, until it answers in time again. */
import { setTimeout as pause } from 'node:timers/promises'

export interface Lateness {
  /** Whether nothing is to be asked of it now. */
  isLate(): boolean
  /** To be called when something is asked; what it gives, when that was answered. `giveUp` is called where it is late. */
  asked(giveUp: () => void): () => void
  /** To be called every now and then: whatever is late by now is given up. */
  look(): void
}

export interface LatenessTerms {
  readonly lateAfterMs: number
  /** Milliseconds in which this process was awake: an answer that waited for it is not late. */
  readonly nowMs: () => number
  /** Whether there is a connection: without one it says for itself that nothing can be asked. */
  readonly isThere: () => boolean
  /** Asks for a sign of life, whether it is late or not. Rejects when there is none. */
  readonly probe: () => Promise<unknown>
}

const probeAgainMs = 20

interface Question {
  readonly sentMs: number
  readonly giveUp: () => void
}

/**
 * One answer that is late is enough: nobody waits for it any longer, for whoever did would go on to another process and wait there
 * again. From then on it is probed, one probe after the other, and the first that is in time ends it.
 */
export function createLateness({ lateAfterMs, nowMs, isThere, probe }: LatenessTerms): Lateness {
  let late = false
  /** In the order in which they were asked. */
  const open = new Set<Question>()
  const inTime = (sentMs: number) => nowMs() - sentMs <= lateAfterMs

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

  function noteLate(): void {
    if (late) return
    late = true
    void waitUntilInTime()
  }

  return {
    isLate: () => late,
    asked(giveUp) {
      const question = { sentMs: nowMs(), giveUp }
      open.add(question)
      return () => {
        if (open.delete(question) && !inTime(question.sentMs)) noteLate()
      }
    },
    look() {
      for (const question of open) {
        if (inTime(question.sentMs)) return
        open.delete(question)
        noteLate()
        question.giveUp()
      }
    },
  }
}
