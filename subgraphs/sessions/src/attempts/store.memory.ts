/** Attempt counters of a single process: they end with it. */
import type { AttemptKey } from './attempts.ts'
import type { AttemptStore } from './store.ts'

interface Window {
  readonly tries: Map<string, number>
  endsAtMs: number
}

const sweepEvery = 1_000

export function memoryAttemptStore(): AttemptStore {
  const windows = new Map<string, Window>()
  let takenSinceSweep = 0
  const nameOf = ({ identifier, network }: AttemptKey) => `${identifier}:${network}`

  // Whoever invents identifiers must not fill the memory with them.
  function sweep(atMs: number): void {
    takenSinceSweep = 0
    for (const [name, { endsAtMs }] of windows) if (endsAtMs <= atMs) windows.delete(name)
  }

  function liveTries(name: string, atMs: number, windowMs: number): Map<string, number> {
    const tries = windows.get(name)?.tries ?? new Map<string, number>()
    for (const [tryId, triedAtMs] of tries) if (triedAtMs <= atMs - windowMs) tries.delete(tryId)
    return tries
  }

  return {
    async take({ key, tryId, atMs }, { max, windowMs }) {
      if (++takenSinceSweep >= sweepEvery) sweep(atMs)
      const tries = liveTries(nameOf(key), atMs, windowMs)
      if (tries.size >= max) return false
      windows.set(nameOf(key), { tries: tries.set(tryId, atMs), endsAtMs: atMs + windowMs })
      return true
    },
    async giveBack(key, tryId) {
      windows.get(nameOf(key))?.tries.delete(tryId)
    },
    async clear(key) {
      windows.delete(nameOf(key))
    },
  }
}
