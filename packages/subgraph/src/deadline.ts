/** When an asking ends without an answer. */

export interface Deadline {
  /** Calls `stop` with the reason once there is one; at once if there is already. */
  onEnd(stop: (reason: Error) => void): void
  hasEnded(): boolean
  /** It was the caller who no longer waits. */
  isAbandoned(): boolean
  /** To be called when there is an answer. */
  clear(): void
}

/** Ends after `timeoutMs`, or when the caller's signal says that nobody waits any more. */
export function openDeadline(timeoutMs: number, signal: AbortSignal | undefined): Deadline {
  const stops: ((reason: Error) => void)[] = []
  let reason: Error | null = null
  const end = (why: string) => {
    reason = new Error(why)
    for (const stop of stops) stop(reason)
  }
  let isAbandoned = false
  const abandon = () => {
    isAbandoned = true
    end('the caller no longer waits')
  }
  const timer = setTimeout(end, timeoutMs, `no answer within ${timeoutMs} ms`)
  if (signal?.aborted) abandon()
  else signal?.addEventListener('abort', abandon, { once: true })
  return {
    onEnd(stop) {
      if (reason) stop(reason)
      else stops.push(stop)
    },
    hasEnded: () => reason !== null,
    isAbandoned: () => isAbandoned,
    clear() {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abandon)
    },
  }
}
