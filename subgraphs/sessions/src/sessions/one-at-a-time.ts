/** Work that is done once for all who ask for it while it is being done for others. */
import { Problem } from '@latchkey/problem'

/** Those who waited for a store that does not answer have waited long enough. */
function throwUnavailable(error: unknown): void {
  if (error instanceof Problem && error.code === 'UNAVAILABLE') throw error
}

/**
 * Does the work for one key at a time. Who asks while it is under way shares the next turn with all others who do: it begins after
 * they asked, so whatever they did before is seen by it, and of any number at once it is done twice. Where that under way is
 * UNAVAILABLE, so is the next.
 */
export function oneAtATime<Terms>(
  work: (key: string, terms: Terms) => Promise<void>,
): (key: string, terms: Terms) => Promise<void> {
  const running = new Map<string, Promise<void>>()
  const next = new Map<string, Promise<void>>()

  function begin(key: string, terms: Terms): Promise<void> {
    const run = work(key, terms).finally(() => {
      if (running.get(key) === run) running.delete(key)
    })
    running.set(key, run)
    return run
  }

  async function after(before: Promise<void>, key: string, terms: Terms): Promise<void> {
    await before.catch(throwUnavailable).finally(() => next.delete(key))
    return begin(key, terms)
  }

  return (key, terms) => {
    const shared = next.get(key)
    if (shared) return shared
    const before = running.get(key)
    if (!before) return begin(key, terms)
    const turn = after(before, key, terms)
    next.set(key, turn)
    return turn
  }
}
