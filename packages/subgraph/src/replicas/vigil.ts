/** Whether a replica gives signs of life: nobody is kept waiting for it longer than a sign may take. */
import { setTimeout as pause } from 'node:timers/promises'
import { awakeClock } from '@latchkey/clock/awake'

export interface Vigil {
  /** Whether nobody is to be sent there now. */
  isSilent(): boolean
  /** Somebody waits there; `giveUp` is called when it gives no sign. Gives what is to be called when that wait is over. */
  begun(giveUp: (reason: Error) => void): () => void
  /** It has said something, whatever it was. */
  heard(): void
  end(): void
}

export interface VigilTerms {
  /** How long a sign may take, in milliseconds in which this process was awake: what waited for it is not late. */
  readonly patienceMs: number
  /** Asks for what costs nothing. Settles when there is any answer at all, a refusal too. */
  readonly askForSign: (signal: AbortSignal) => Promise<unknown>
}

/** Whoever works on a long answer gives a sign meanwhile; so it is asked for one as soon as nothing was heard for this long. */
const askAfterMs = 250
const askAgainMs = 50

interface Wait {
  readonly sinceMs: number
  readonly giveUp: (reason: Error) => void
}

export function createVigil({ patienceMs, askForSign }: VigilTerms): Vigil {
  const { nowMs } = awakeClock
  const ended = new AbortController()
  /** In the order in which they came. */
  const waiting = new Set<Wait>()
  let stopLooking = () => {}
  let heardMs = nowMs()
  let isAsking = false
  let isSilent = false

  function heard(): void {
    heardMs = nowMs()
    isSilent = false
  }

  async function silence(signal: AbortSignal): Promise<void> {
    const over = awakeClock.wait()
    const askedMs = nowMs()
    const leftMs = () => patienceMs - (nowMs() - Math.max(askedMs, heardMs))
    while (leftMs() > 0 && !signal.aborted) await pause(leftMs(), undefined, { ref: false })
    over()
  }

  async function givesSign(): Promise<boolean> {
    const leaving = new AbortController()
    const signal = AbortSignal.any([leaving.signal, ended.signal])
    const sign = askForSign(signal).then(
      () => true,
      () => true,
    )
    const given = await Promise.race([sign, silence(signal).then(() => false)])
    leaving.abort()
    return given
  }

  function giveUpWaiting(): void {
    for (const { giveUp } of waiting) giveUp(new Error(silent))
    waiting.clear()
    stopLooking()
  }

  async function findOut(): Promise<void> {
    isAsking = true
    while (!(await givesSign()) && !ended.signal.aborted) {
      isSilent = true
      giveUpWaiting()
      await pause(askAgainMs, undefined, { ref: false })
    }
    heard()
    isAsking = false
  }

  function look(): void {
    const [oldest] = waiting
    const waitedMs = oldest ? nowMs() - Math.max(oldest.sinceMs, heardMs) : 0
    if (waitedMs > askAfterMs && !isAsking) void findOut()
  }

  return {
    isSilent: () => isSilent,
    begun(giveUp) {
      if (waiting.size === 0) stopLooking = awakeClock.wait(look)
      const wait = { sinceMs: nowMs(), giveUp }
      waiting.add(wait)
      return () => {
        if (waiting.delete(wait) && waiting.size === 0) stopLooking()
      }
    },
    heard,
    end() {
      ended.abort()
    },
  }
}

const silent = 'it gives no sign of life'

/** As `giveUp` is told. */
export const isSilence = (fault: unknown): boolean => fault instanceof Error && fault.message === silent
