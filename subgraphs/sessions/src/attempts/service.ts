/** Attempts: a try is taken before a password is looked at, and given back when it was right. */
import { type Clock, type Entropy, minuteMs, randomBase62 } from '@latchkey/clock'
import type { Keyring } from '@latchkey/secrets'
import { clientNetwork } from '@latchkey/subgraph/network'
import { type AttemptKey, type AttemptLimit, type AttemptPolicy, normalIdentifier } from './attempts.ts'
import type { AttemptStore } from './store.ts'

/** One try that was granted. */
export interface Try {
  /** What it is counted under; `null` where nothing is counted. */
  readonly key: AttemptKey | null
  /** Nothing was evaluated after all: the try counts as never made. */
  giveBack(): Promise<void>
  /** The person proved who they are: their tries from this place are forgotten, this one with them. */
  succeed(): Promise<void>
}

export interface Attempts {
  /** One try for an identifier from an address; null when there is none left. Rejects with UNAVAILABLE, never grants unasked. */
  take(identifier: string, address: string | undefined): Promise<Try | null>
  /** One try for a second factor of an account, of whatever kind and from wherever: counted apart from passwords. */
  takeFactor(userId: string): Promise<Try | null>
  /** The person proved who they are with one thing more: the tries of this key are forgotten. */
  forget(key: AttemptKey): Promise<void>
}

interface AttemptDependencies {
  readonly store: AttemptStore
  readonly keyring: Pick<Keyring, 'mac'>
  readonly clock: Clock
  readonly entropy: Entropy
  readonly limit: AttemptLimit
}

/** Ten wrong factors in a row, and a quarter of an hour without any. */
const factorLimit: AttemptPolicy = { max: 10, windowMs: 15 * minuteMs }

const uncounted: Try = { key: null, giveBack: async () => {}, succeed: async () => {} }

export function createAttempts({ store, keyring, clock, entropy, limit }: AttemptDependencies): Attempts {
  if (limit === 'unlimited')
    return { take: async () => uncounted, takeFactor: async () => uncounted, forget: async () => {} }
  const macOf = (message: string) => keyring.mac('identifier', message).mac.toString('base64url')
  const keyOf = (identifier: string, address: string | undefined): AttemptKey => ({
    identifier: macOf(`identifier ${normalIdentifier(identifier)}`),
    network: macOf(`network ${clientNetwork(address)}`),
  })

  async function takeOne(key: AttemptKey, policy: AttemptPolicy): Promise<Try | null> {
    const tryId = randomBase62(entropy, 16)
    const granted = await store.take({ key, tryId, atMs: clock.now().getTime() }, policy)
    return granted ? { key, giveBack: () => store.giveBack(key, tryId), succeed: () => store.clear(key) } : null
  }

  return {
    take: (identifier, address) => takeOne(keyOf(identifier, address), limit),
    takeFactor: (userId) => takeOne({ identifier: macOf(`factor ${userId}`), network: 'anywhere' }, factorLimit),
    forget: (key) => store.clear(key),
  }
}
