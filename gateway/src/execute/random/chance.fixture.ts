/** Chance that repeats itself: the same seed makes the same choices. */

export interface Chance {
  /** From 0 up to, not including, 1. */
  next(): number
  /** True this often. */
  is(probability: number): boolean
  /** One of a list that is not empty. */
  among<T>(list: readonly T[]): T
  /** About half of them, in their order. */
  some<T>(list: readonly T[]): T[]
  /** From `least` to `most`, both included. */
  between(least: number, most: number): number
}

/** Mulberry32. */
export function chanceFrom(seed: number): Chance {
  let state = seed
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  return {
    next,
    is: (probability) => next() < probability,
    among: <T>(list: readonly T[]) => list[Math.floor(next() * list.length)] as T, // never empty
    some: (list) => list.filter(() => next() < 0.5),
    between: (least, most) => least + Math.floor(next() * (most - least + 1)),
  }
}
