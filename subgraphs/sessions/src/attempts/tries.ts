/** Tries: what may still be tried, judged by the tries that were. Nothing else is kept, so one that is taken back leaves no trace. */
import type { CounterPolicy, ProgressiveDelay } from './limits.ts'

/** One that was made and did not succeed, or is being made now. */
export interface CountedTry {
  readonly id: string
  /** Where it came from; empty where that makes no difference. */
  readonly place: string
  readonly atMs: number
}

export type Verdict =
  | {
      readonly outcome: 'granted'
      /** Whether it leaves none: here, or anywhere. */
      readonly last: 'here' | 'anywhere' | null
    }
  | { readonly outcome: 'denied'; readonly retryAfterMs: number }

interface Lock {
  readonly level: number
  readonly untilMs: number
}

const unlocked: Lock = { level: 0, untilMs: 0 }

/** How a place is locked that was tried from at these times, oldest first. */
function lockAfter(times: readonly number[], { max, windowMs, lockMs, lockMsMax }: ProgressiveDelay): Lock {
  const locked = (level: number, atMs: number): Lock => ({
    level,
    untilMs: atMs + Math.min(lockMs * 2 ** (level - 1), lockMsMax),
  })
  let lock = unlocked
  let recent: number[] = []
  for (const atMs of times) {
    if (lock.level > 0 && atMs < lock.untilMs + windowMs) {
      lock = locked(lock.level + 1, atMs)
      continue
    }
    const before = lock.level > 0 ? [] : recent.filter((earlier) => earlier > atMs - windowMs)
    recent = [...before, atMs]
    lock = recent.length >= max ? locked(1, atMs) : unlocked
  }
  return lock
}

/** Whether one more may be made from `place` at `atMs`. `tries` are those of the window, in whatever order. */
export function judgeTries(
  tries: readonly CountedTry[],
  { place, atMs }: Pick<CountedTry, 'place' | 'atMs'>,
  { max, windowMs, perPlace }: CounterPolicy,
): Verdict {
  const times = (of: readonly CountedTry[]) => of.map((made) => made.atMs).sort((a, b) => a - b)
  const here = times(tries.filter((made) => made.place === place))
  const lock = perPlace ? lockAfter(here, perPlace) : unlocked
  if (lock.untilMs > atMs) return { outcome: 'denied', retryAfterMs: lock.untilMs - atMs }
  if (tries.length >= max) {
    // When so many have left the window that there is room for one.
    const leaving = times(tries)[tries.length - max] ?? atMs
    return { outcome: 'denied', retryAfterMs: leaving + windowMs - atMs }
  }
  if (tries.length + 1 >= max) return { outcome: 'granted', last: 'anywhere' }
  const locks = perPlace && lockAfter([...here, atMs], perPlace).untilMs > atMs
  return { outcome: 'granted', last: locks ? 'here' : null }
}
