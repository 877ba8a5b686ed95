/** Lateness: a store that answers late is taken for one that is away, until it answers in time again. */
import { setTimeout as pause } from 'node:timers/promises'
import type { AwakeClock } from '@latchkey/clock/awake'

export interface Lateness {
  /** Whether nothing is to be asked of it now. */
  isLate(): boolean
  /** To be called when something is asked; what it gives, when that was answered. `giveUp` is called where it is late. */
  asked(giveUp: () => void): () => void
}

export interface LatenessTerms {
  readonly lateAfterMs: number
  /** An answer that waited for this process is not late. */
  readonly awake: AwakeClock
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
export function createLateness({ lateAfterMs, awake, isThere, probe }: LatenessTerms): Lateness {
  const { nowMs } = awake
  let late = false
  /** In the order in which they were asked. */
  const open = new Set<Question>()
  let stopLooking = () => {}
  const inTime = (sentMs: number) => nowMs() - sentMs <= lateAfterMs

  async function answersInTime(): Promise<boolean> {
    const over = awake.wait()
    const sentMs = nowMs()
    try {
      await probe()
      return inTime(sentMs)
    } catch {
      return false
    } finally {
      over()
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

  function close(question: Question): boolean {
    const wasOpen = open.delete(question)
    if (wasOpen && open.size === 0) stopLooking()
    return wasOpen
  }

  /** Whatever is late by now is given up. */
  function look(): void {
    for (const question of open) {
      if (inTime(question.sentMs)) return
      close(question)
      noteLate()
      question.giveUp()
    }
  }

  return {
    isLate: () => late,
    asked(giveUp) {
      if (open.size === 0) stopLooking = awake.wait(look)
      const question = { sentMs: nowMs(), giveUp }
      open.add(question)
      return () => {
        if (close(question) && !inTime(question.sentMs)) noteLate()
      }
    },
  }
}
