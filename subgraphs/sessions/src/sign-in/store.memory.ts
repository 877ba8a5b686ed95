/** Pending sign-ins of a single process: they end with it. */
import type { Clock } from '@latchkey/clock'
import type { Pending } from './pending.ts'
import type { PendingStore } from './store.ts'

interface Kept {
  readonly pending: Pending
  readonly forgetAtMs: number
  tries: number
  challenge: string | null
}

export function memoryPendingStore({ clock }: { clock: Clock }): PendingStore {
  const kept = new Map<string, Kept>()
  const nowMs = () => clock.now().getTime()

  // In the order they were added, so the oldest end first, to within the longest lifetime: whoever begins many fills no memory.
  function sweep(): void {
    for (const [id, { forgetAtMs }] of kept) {
      if (forgetAtMs > nowMs()) return
      kept.delete(id)
    }
  }

  const live = (id: string): Kept | null => {
    const found = kept.get(id)
    return found && found.forgetAtMs > nowMs() ? found : null
  }

  return {
    async add(
      id,
      pending,
      { tries, challenge = null, lifetimeMs }: { tries: number; challenge?: string | null; lifetimeMs: number },
    ) {
      sweep()
      kept.delete(id)
      kept.set(id, { pending, tries, challenge, forgetAtMs: nowMs() + lifetimeMs })
    },
    byId: async (id) => live(id)?.pending ?? null,
    async takeTry(id) {
      const found = live(id)
      if (!found || found.tries <= 0) return false
      found.tries -= 1
      return true
    },
    async giveBackTry(id) {
      const found = live(id)
      if (found) found.tries += 1
    },
    async keepChallenge(id, challenge) {
      const found = live(id)
      if (found) found.challenge = challenge
    },
    async takeChallenge(id) {
      const found = live(id)
      const challenge = found?.challenge ?? null
      if (found) found.challenge = null
      return challenge
    },
    async end(id) {
      const ended = live(id) !== null
      kept.delete(id)
      return ended ? 'ended' : 'not there'
    },
  }
}
