/** Sightings: that a key was shown to a service is a use of it, and is noted, so that nobody takes it for one that nothing needs. */
import { type Clock, minuteMs } from '@latchkey/clock'
import { createBoundedCache } from '@latchkey/subgraph/bounded-cache'
import type { Logger } from '@latchkey/telemetry'

export interface SightingStore {
  /** The last use of the key, unless a later one is known; of a key whose owner was erased nothing. Rejects with UNAVAILABLE. */
  note(keyId: string, at: Date): Promise<void>
}

interface SightingDependencies {
  readonly store: SightingStore
  readonly clock: Clock
  readonly logger: Logger
}

/** Told of a key whose secret has matched. Nobody waits for it to be written. */
export type NoteSighting = (keyId: string) => void

const rememberedMax = 20_000

/** To the minute, as uses are told: each key is written once a minute at most. */
export function createSightings({ store, clock, logger }: SightingDependencies): NoteSighting {
  const noted = createBoundedCache<number>({ entriesMax: rememberedMax })
  return (keyId) => {
    const at = clock.now()
    if (at.getTime() - (noted.find(keyId) ?? Number.NEGATIVE_INFINITY) < minuteMs) return
    noted.keep(keyId, at.getTime())
    store.note(keyId, at).catch((error: unknown) => logger.warn({ err: error, keyId }, 'a use of a key was not noted'))
  }
}
