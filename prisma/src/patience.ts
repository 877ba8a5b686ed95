/** How long Postgres is waited for: not at all while it gives no sign of life. */
import type pg from 'pg'
import { createSignOfLife } from './sign-of-life.ts'

export interface Patience {
  /** Whether there was no sign of life, and none since. */
  isOver(): boolean
  /** To be called when something is asked of the server; what it gives, when that is done. */
  asked(): () => void
  end(): void
}

/** Postgres is well and somebody holds what is asked for: that is waited for a little longer than for a sign of life. */
export const lockTimeoutOf = (patienceMs: number): number => Math.round(1.25 * patienceMs)

/** For a server that has stopped answering at all: so long behind what it would have ended itself. */
export const behindServersMs = 500

/** `ms`, or until after Postgres itself has given up a lock, where patience is longer than that. */
export const noSooner = (ms: number, patienceMs: number): number =>
  Math.max(ms, lockTimeoutOf(patienceMs) + behindServersMs)

/** How often a sign is asked for when there was none. */
const whileNoneMs = 20
/** So long after the last question it is still in use: whoever comes next then meets what is known, and does not find it out. */
const inUseForMs = 1_000

/** Calls `giveUp` when there is no sign of life for `patienceMs`. Opens no connection before something is asked. */
export function createPatience(server: pg.ClientConfig, patienceMs: number, giveUp: () => void): Patience {
  const sign = createSignOfLife(server, patienceMs)
  // A statement may take its time; a server may not: it is asked for a sign while somebody waits, and more rarely while nobody does.
  const whileWaitedForMs = patienceMs / 4
  const whileInUseMs = patienceMs * 1.25
  let questions = 0
  let askedMs = 0
  let signMs = 0
  let isGiven = true
  let isOver = false
  let isAcquainted = false
  let isAsking = false
  let hasEnded = false
  let timer: NodeJS.Timeout | undefined

  const isInUse = () => isOver || questions > 0 || performance.now() - askedMs < inUseForMs

  /** When the next sign is due. Whoever has just asked may be answered before one is needed. */
  function dueMs(): number {
    if (!isGiven) return signMs + whileNoneMs
    return questions > 0 ? Math.max(signMs, askedMs) + whileWaitedForMs : signMs + whileInUseMs
  }

  function plan(): void {
    clearTimeout(timer)
    if (isAsking || hasEnded || !isInUse()) return
    timer = setTimeout(() => void askForSign(), Math.max(0, dueMs() - performance.now())).unref()
  }

  async function askForSign(): Promise<void> {
    isAsking = true
    isGiven = await sign.given()
    signMs = performance.now()
    isAsking = false
    // A first connection takes longer than a sign may, so it is opened before anybody needs it, and tells nothing.
    isOver = isAcquainted && !isGiven
    isAcquainted = true
    if (isOver && !hasEnded) giveUp()
    plan()
  }

  return {
    isOver: () => isOver,
    asked() {
      questions += 1
      if (questions === 1) {
        askedMs = performance.now()
        if (isAcquainted || isAsking) plan()
        else void askForSign()
      }
      let isDone = false
      return () => {
        if (isDone) return
        isDone = true
        questions -= 1
        askedMs = performance.now()
        if (questions === 0) plan()
      }
    },
    end() {
      hasEnded = true
      clearTimeout(timer)
      sign.close()
    },
  }
}
