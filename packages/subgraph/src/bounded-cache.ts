/** Keeps what was used last, bounded in number and in weight. */

export interface BoundedCache<Value> {
  get(key: string): Value | undefined
  set(key: string, value: Value): void
}

export interface BoundedCacheOptions {
  /** At most this many entries. */
  readonly entriesMax: number
  /** At most this many characters of keys. */
  readonly charactersMax: number
}

/** Two generations: when the younger is full it becomes the older, and what nobody asked for since then is dropped. */
export function createBoundedCache<Value>({ entriesMax, charactersMax }: BoundedCacheOptions): BoundedCache<Value> {
  let younger = new Map<string, Value>()
  let older = new Map<string, Value>()
  let characters = 0
  const set = (key: string, value: Value) => {
    if (key.length > charactersMax / 2) return
    if (younger.size >= entriesMax / 2 || characters + key.length > charactersMax / 2) {
      older = younger
      younger = new Map()
      characters = 0
    }
    if (!younger.has(key)) characters += key.length
    younger.set(key, value)
  }
  return {
    get(key) {
      const young = younger.get(key)
      if (young !== undefined) return young
      const old = older.get(key)
      if (old !== undefined) set(key, old)
      return old
    },
    set,
  }
}
