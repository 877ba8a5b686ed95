/** Peppers in versions: keys move to the newest with their first use, until the older ones can go. */
import type { Clock, Entropy } from '@latchkey/clock'
import type { ApiKeyRecord } from '@latchkey/principal/credential-records'
import { mayBeForeignKey } from '@latchkey/principal/foreign-key-text'
import { type Keyring, sameBytes } from '@latchkey/secrets'
import type { ForeignKeys } from '../foreign-keys/service.ts'
import { sharedByText } from '../foreign-keys/shared-work.ts'
import type { ApiKey } from '../keys/key.ts'
import { outboxPayload, trailOf } from '../keys/trail.ts'
import type { KeysOfPepper, PepperStore } from './store.ts'

export interface PepperDependencies {
  readonly keys: { byId(id: string): Promise<ApiKey | null> }
  readonly store: PepperStore
  /** Keys of other systems are found by their MAC, which moves with them. */
  readonly foreignKeys: ForeignKeys
  readonly record: (keyId: string) => Promise<ApiKeyRecord | null>
  readonly announce: (key: ApiKey) => Promise<void>
  readonly keyring: Keyring
  readonly clock: Clock
  readonly entropy: Entropy
}

/** `NEWEST` makes what is new, `OLDER` may go when no key needs it, `LACKING` is not in the keyring: its keys cannot work. */
export type PepperState = 'NEWEST' | 'OLDER' | 'LACKING'

export interface PepperCount extends KeysOfPepper {
  readonly state: PepperState
}

interface Asked {
  readonly service: string
  readonly requestId: string
}

export interface PepperService {
  /** The key's record under the newest pepper, whoever put it there. `null`: the text is not the key's. UNAVAILABLE. */
  rehash(input: { readonly keyId: string; readonly text: string }, asked: Asked): Promise<ApiKeyRecord | null>
  /** Of every version in the keyring, and every one that a key names; keys that wait for their first use name none. */
  counts(): Promise<readonly PepperCount[]>
}

export function createPeppers(dependencies: PepperDependencies): PepperService {
  const { keys, store, foreignKeys, record, announce, keyring, clock, entropy } = dependencies
  const trail = { clock, entropy, seal: (payload: string) => keyring.seal('data', payload, outboxPayload) }

  const shared = sharedByText<ApiKeyRecord | null>()

  async function rehash(keyId: string, text: string, { service, requestId }: Asked): Promise<ApiKeyRecord | null> {
    const key = await keys.byId(keyId)
    const before = key && keyring.macWith('api-key', key.pepperId, text)
    if (!key || !before || !sameBytes(before, key.secretMac)) return null
    const { keyId: pepperId, mac: secretMac } = keyring.mac('api-key', text)
    if (pepperId !== key.pepperId) {
      const asker = { principal: { kind: 'service', name: service, scopes: [] }, requestId } as const
      const detail = { from: key.pepperId, to: pepperId }
      await store.replaceMac(
        { key, secretMac, pepperId },
        trailOf('api-key.rehashed', keyId, asker, detail, trail),
        announce,
      )
    }
    return record(keyId)
  }

  return {
    rehash: ({ keyId, text }, asked) =>
      mayBeForeignKey(text)
        ? foreignKeys.recognise(text, asked)
        : shared(`${keyId} ${text}`, () => rehash(keyId, text, asked)),
    async counts() {
      const held = keyring.keyIds('api-key')
      const counted = new Map((await store.counts(clock.now())).map((each) => [each.pepperId, each]))
      return [...new Set([...held, ...counted.keys()])].map((pepperId) => ({
        ...(counted.get(pepperId) ?? { pepperId, keys: 0, lasting: 0 }),
        state: pepperId === held[0] ? 'NEWEST' : held.includes(pepperId) || pepperId === '' ? 'OLDER' : 'LACKING',
      }))
    },
  }
}
