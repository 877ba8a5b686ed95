/** How long Postgres is waited for: not at all while it gives no sign of life. */
import { setTimeout as pause } from 'node:timers/promises'
import { watchAwake } from '@latchkey/clock/awake'
import type pg from 'pg'
import { createSignOfLife } from './sign-of-life.ts'

export interface Patience {
  /** Whether there was no sign of life, and none since. */
  isOver(): boolean
  /** To be called when something is asked of the server; what it gives, when that is done. */
  asked(): () => void
  end(): void
}

/** A statement may take its time; a server may not. So whoever has waited for this long has it asked for a sign. */
const askAfterMs = 75
const lookEveryMs = 25
const askAgainMs = 20

/** Calls `giveUp` when there is no sign of life. Opens no connection before something is asked. */
export function createPatience(server: pg.ClientConfig, giveUp: () => void): Patience {
  const awake = watchAwake()
  const { nowMs } = awake
  const sign = createSignOfLife(server, awake)
  /** In the order in which they were asked. */
  const open = new Set<{ readonly sinceMs: number }>()
  let signMs = nowMs()
  let isOver = false
  let isAsking = false
  let isAcquainted = false
  let hasEnded = false

  async function askForSign(): Promise<void> {
    isAsking = true
    while (!(await sign.given()) && !hasEnded) {
      isOver = true
      giveUp()
      await pause(askAgainMs, undefined, { ref: false })
    }
    signMs = nowMs()
    isOver = false
    isAsking = false
  }

  /** A first connection takes longer than a sign may, so it is opened before anybody needs it, and tells nothing. */
  async function makeAcquaintance(): Promise<void> {
    isAcquainted = true
    isAsking = true
    await sign.given()
    isAsking = false
  }

  const looking = setInterval(() => {
    const [oldest] = open
    const waitedMs = oldest ? nowMs() - Math.max(oldest.sinceMs, signMs) : 0
    if (waitedMs > askAfterMs && !isAsking) void askForSign()
  }, lookEveryMs).unref()

  return {
    isOver: () => isOver,
    asked() {
      if (!isAcquainted) void makeAcquaintance()
      const question = { sinceMs: nowMs() }
      open.add(question)
      return () => open.delete(question)
    },
    end() {
      hasEnded = true
      clearInterval(looking)
      awake.stop()
      sign.close()
    },
  }
}
