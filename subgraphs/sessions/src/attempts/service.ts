/** Attempts: a try is taken before a password is looked at, and given back when it was right. */
import { type Clock, type Entropy, randomBase62 } from '@latchkey/clock'
import type { Keyring } from '@latchkey/secrets'
import { clientNetwork } from '@latchkey/subgraph/network'
import { type AttemptKey, type AttemptLimit, normalIdentifier } from './attempts.ts'
import type { AttemptStore } from './store.ts'

/** One try that was granted. */
export interface Try {
  /** Nothing was evaluated after all: the try counts as never made. */
  giveBack(): Promise<void>
  /** The person proved who they are: their tries from this place are forgotten, this one with them. */
  succeed(): Promise<void>
}

export interface Attempts {
  /** One try for an identifier from an address; null when there is none left. Rejects with UNAVAILABLE, never grants unasked. */
  take(identifier: string, address: string | undefined): Promise<Try | null>
}

interface AttemptDependencies {
  readonly store: AttemptStore
  readonly keyring: Pick<Keyring, 'mac'>
  readonly clock: Clock
  readonly entropy: Entropy
  readonly limit: AttemptLimit
}

const uncounted: Try = { giveBack: async () => {}, succeed: async () => {} }

export function createAttempts({ store, keyring, clock, entropy, limit }: AttemptDependencies): Attempts {
  if (limit === 'unlimited') return { take: async () => uncounted }
  const macOf = (message: string) => keyring.mac('identifier', message).mac.toString('base64url')
  const keyOf = (identifier: string, address: string | undefined): AttemptKey => ({
    identifier: macOf(`identifier ${normalIdentifier(identifier)}`),
    network: macOf(`network ${clientNetwork(address)}`),
  })

  return {
    async take(identifier, address) {
      const key = keyOf(identifier, address)
      const tryId = randomBase62(entropy, 16)
      const granted = await store.take({ key, tryId, atMs: clock.now().getTime() }, limit)
      return granted ? { giveBack: () => store.giveBack(key, tryId), succeed: () => store.clear(key) } : null
    },
  }
}
