/** A cache that is bounded in entries and in weight, and forgets what was not used lately. */

export interface BoundedCache<Value> {
  find(key: string): Value | undefined
  keep(key: string, value: Value, weight?: number): void
  forget(key: string): void
  /** Those that were found most often, most often first. None of them counts as used by this. */
  mostFound(count: number): readonly (readonly [key: string, value: Value])[]
  readonly size: number
}

export interface CacheBounds {
  readonly entriesMax: number
  /** In the unit that `keep` is told; one per entry unless said. */
  readonly weightMax?: number
}

interface Kept<Value> {
  readonly value: Value
  readonly weight: number
  used: boolean
  /** How often it was found. */
  found: number
}

/** A hit costs one look-up: what was used is only moved back when room is needed ("second chance"). */
export function createBoundedCache<Value>({ entriesMax, weightMax = entriesMax }: CacheBounds): BoundedCache<Value> {
  const kept = new Map<string, Kept<Value>>()
  let weightKept = 0

  function forget(key: string): void {
    const entry = kept.get(key)
    if (!entry) return
    kept.delete(key)
    weightKept -= entry.weight
  }

  function makeRoom(): void {
    for (const [key, entry] of kept) {
      if (kept.size <= entriesMax && weightKept <= weightMax) return
      if (entry.used) {
        entry.used = false
        kept.delete(key)
        kept.set(key, entry)
      } else forget(key)
    }
  }

  return {
    find(key) {
      const entry = kept.get(key)
      if (!entry) return undefined
      entry.used = true
      entry.found += 1
      return entry.value
    },
    keep(key, value, weight = 1) {
      const found = kept.get(key)?.found ?? 0
      forget(key)
      if (weight > weightMax) return
      kept.set(key, { value, weight, used: false, found })
      weightKept += weight
      makeRoom()
    },
    forget,
    mostFound: (count) =>
      [...kept]
        .sort(([, one], [, other]) => other.found - one.found)
        .slice(0, count)
        .map(([key, { value }]) => [key, value]),
    get size() {
      return kept.size
    },
  }
}
