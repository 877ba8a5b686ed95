/** Somebody who makes keys one after the other, and notes each that was acknowledged. */
import { setTimeout as pause } from 'node:timers/promises'
import { aKey, type SignedIn } from './client.ts'

export interface Entry {
  readonly secret: string
  readonly askedMs: number
  readonly acknowledgedMs: number
}

export interface Writing {
  readonly journal: readonly Entry[]
  /** Resolves when so many were acknowledged. */
  reached(count: number): Promise<void>
  stop(): Promise<void>
}

/** One person has a hundred keys at most. */
const keysMax = 90
const paceMs = 20

export function keepMakingKeys(gateway: string, who: SignedIn): Writing {
  const journal: Entry[] = []
  let state: 'writing' | 'over' = 'writing'
  const write = async () => {
    while (state === 'writing' && journal.length < keysMax) {
      const askedMs = performance.now()
      const { secret } = await aKey(gateway, who, ['profile:read'])
      journal.push({ secret, askedMs, acknowledgedMs: performance.now() })
      await pause(paceMs)
    }
  }
  const written = write()
  return {
    journal,
    async reached(count) {
      while (journal.length < count) await pause(paceMs)
    },
    stop() {
      state = 'over'
      return written
    },
  }
}
