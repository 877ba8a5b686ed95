/** What waits to be counted in a single process: it ends with it. */
import type { Clock } from '@latchkey/clock'
import { takenMs, type UsageStream, waitingMax } from './key-usage.ts'

interface Waiting {
  readonly text: string
  takenAtMs: number | null
}

export interface MemoryUsageOptions {
  readonly clock: Clock
  readonly entriesMax?: number
}

export function memoryUsageStream({ clock, entriesMax = waitingMax }: MemoryUsageOptions): UsageStream {
  const waiting = new Map<string, Waiting>()
  let added = 0
  const isFree = ({ takenAtMs }: Waiting, nowMs: number) => takenAtMs === null || nowMs - takenAtMs >= takenMs

  return {
    async add(texts) {
      for (const text of texts) {
        added += 1
        waiting.set(`${added}`, { text, takenAtMs: null })
      }
      const surplus = [...waiting.keys()].slice(0, Math.max(0, waiting.size - entriesMax))
      for (const id of surplus) waiting.delete(id)
      return { trimmed: surplus.length }
    },
    async take(_taker, max) {
      const nowMs = clock.now().getTime()
      const taken: { id: string; text: string }[] = []
      for (const [id, entry] of waiting) {
        if (taken.length === max) break
        if (!isFree(entry, nowMs)) continue
        entry.takenAtMs = nowMs
        taken.push({ id, text: entry.text })
      }
      return taken
    },
    async settle(ids) {
      for (const id of ids) waiting.delete(id)
    },
  }
}
