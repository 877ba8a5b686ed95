/** Does something now and then, one time after the other, until it is closed. */
import { setTimeout as pause } from 'node:timers/promises'

interface TurnTerms {
  readonly everyMs: number
  /** Before all others, and again until it works. */
  readonly first: () => Promise<void>
  readonly turn: (ending: AbortSignal) => Promise<void>
  readonly failed: (reason: unknown) => void
}

export function createTurns({ everyMs, first, turn, failed }: TurnTerms) {
  const ending = new AbortController()
  let timer: NodeJS.Timeout | undefined
  let isReady = false
  let running: Promise<void> = Promise.resolve()

  async function once(): Promise<void> {
    if (ending.signal.aborted) return
    if (!isReady) await first()
    isReady = true
    await turn(ending.signal)
  }

  /** Behind the one that runs. */
  function now(): Promise<void> {
    const next = running.then(once)
    running = next.catch(() => {})
    return next
  }

  function again(): void {
    void now()
      .catch(failed)
      .then(() => {
        if (!ending.signal.aborted) timer = setTimeout(again, everyMs).unref()
      })
  }

  return {
    now,
    start: again,
    /** Cut short when it ends. */
    rest: (ms: number) => pause(ms, undefined, { signal: ending.signal, ref: false }).catch(() => {}),
    async close() {
      ending.abort()
      clearTimeout(timer)
      await running
    },
  }
}
