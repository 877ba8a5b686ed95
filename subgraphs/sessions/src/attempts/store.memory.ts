/** Attempt counters of a single process: they end with it. */
import type { Clock } from '@latchkey/clock'
import type { AttemptStore, TakenTry } from './store.ts'
import { type CountedTry, judgeTries } from './tries.ts'

interface Kept {
  tries: readonly CountedTry[]
  endsAtMs: number
}

const sweepEvery = 1_000

const isSame = (one: TakenTry, other: TakenTry) => one.id === other.id && one.place === other.place

export function memoryAttemptStore({ clock }: { clock: Clock }): AttemptStore {
  const counters = new Map<string, Kept>()
  let askedSinceSweep = 0

  // Whoever invents identifiers must not fill the memory with them.
  function sweep(atMs: number): void {
    askedSinceSweep = 0
    for (const [name, { endsAtMs }] of counters) if (endsAtMs <= atMs) counters.delete(name)
  }

  function live(name: string, atMs: number): Kept | undefined {
    const kept = counters.get(name)
    return kept && kept.endsAtMs > atMs ? kept : undefined
  }

  function keepOnly(name: string, stays: (made: CountedTry) => boolean): void {
    const kept = counters.get(name)
    if (kept) kept.tries = kept.tries.filter(stays)
  }

  return {
    now: async () => clock.now(),
    async take(counter, taken, policy, known) {
      const asked = { ...taken, atMs: clock.now().getTime() }
      if (++askedSinceSweep >= sweepEvery) sweep(asked.atMs)
      const before = live(counter, asked.atMs)
      if (!before && !known) return { outcome: 'unknown', atMs: asked.atMs }
      const kept = before?.tries ?? []
      const added = (known ?? []).filter((past) => !kept.some((made) => isSame(made, past)))
      const tries = [...kept, ...added].filter(({ atMs }) => atMs > asked.atMs - policy.windowMs)
      const verdict = judgeTries(tries, asked, policy)
      const after = verdict.outcome === 'granted' ? [...tries, asked] : tries
      counters.set(counter, { tries: after, endsAtMs: asked.atMs + policy.windowMs })
      return { ...verdict, atMs: asked.atMs }
    },
    giveBack: async (counter, taken) => keepOnly(counter, (made) => !isSame(made, taken)),
    forget: async (counter, place) => keepOnly(counter, (made) => made.place !== place),
    async drop(counter) {
      counters.delete(counter)
    },
  }
}
