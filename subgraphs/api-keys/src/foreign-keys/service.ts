/** Keys of other systems: recognised by what those systems kept of them, and at the first use hashed anew under our pepper. */
import type { Clock, Entropy } from '@latchkey/clock'
import type { ApiKeyRecord } from '@latchkey/principal/credential-records'
import { mayBeForeignKey } from '@latchkey/principal/foreign-key-text'
import { Problem } from '@latchkey/problem'
import type { Keyring } from '@latchkey/secrets'
import type { ApiKey } from '../keys/key.ts'
import { outboxPayload, trailOf } from '../keys/trail.ts'
import { lookupByMac, lookupsOf, type OpenedSecret } from './foreign-hash.ts'
import { foreignSecretPlace } from './foreign-secret.ts'
import { sharedByText } from './shared-work.ts'
import type { CheckSlowHash } from './slow-hash.ts'
import type { ForeignKey, ForeignKeyStore } from './store.ts'
import type { WrongTries } from './wrong-tries.ts'

export interface ForeignKeyDependencies {
  readonly store: ForeignKeyStore
  /** What the records say of a key. */
  readonly record: (keyId: string) => Promise<ApiKeyRecord | null>
  readonly announce: (key: ApiKey) => Promise<void>
  readonly keyring: Keyring
  readonly clock: Clock
  readonly entropy: Entropy
  readonly checkSlowHash: CheckSlowHash
  readonly wrongTries: WrongTries
}

export interface ForeignKeys {
  /**
   * The key that the text is the whole of; from here on it is kept under our pepper. `null`: it is no key. One dear hash is
   * evaluated at most. RATE_LIMITED when the key was tried in vain too often, or too many are being checked; UNAVAILABLE.
   */
  recognise(text: string, asked: { readonly service: string; readonly requestId: string }): Promise<ApiKeyRecord | null>
}

export function createForeignKeys(dependencies: ForeignKeyDependencies): ForeignKeys {
  const { store, record, announce, keyring, clock, entropy, checkSlowHash, wrongTries } = dependencies
  const trail = { clock, entropy, seal: (payload: string) => keyring.seal('data', payload, outboxPayload) }
  const shared = sharedByText<ApiKeyRecord | null>()

  async function openedSecrets(): Promise<readonly OpenedSecret[]> {
    const sealed = await store.secrets()
    return sealed.map(({ id, sealed: text }) => ({ id, secret: keyring.open('data', text, foreignSecretPlace(id)) }))
  }

  const macsOf = (text: string) =>
    keyring.keyIds('api-key').flatMap((keyId) => {
      const mac = keyring.macWith('api-key', keyId, text)
      return mac ? [{ keyId, mac }] : []
    })

  /** Whoever is found by a digest of the whole text has proved to be it. */
  async function proven(text: string): Promise<ForeignKey | null> {
    const lookups = lookupsOf(text, { secrets: await openedSecrets(), macs: macsOf(text) })
    const found = await store.byLookups([...lookups.exact, ...lookups.byPrefix])
    const first = (wanted: readonly string[]) =>
      wanted.map((lookup) => found.find((key) => key.lookup === lookup)).find((key) => key)
    const exact = first(lookups.exact)
    if (exact) return exact
    // The longest first: a prefix that is longer says more.
    const named = first(lookups.byPrefix)
    return named && (await isTextOf(named, text)) ? named : null
  }

  async function isTextOf({ keyId, format, hash: kept }: ForeignKey, text: string): Promise<boolean> {
    if (kept === null || (format !== 'ARGON2' && format !== 'BCRYPT')) return false
    wrongTries.take(keyId)
    const isRight = await checkSlowHash(text, { format, hash: kept })
    if (isRight) wrongTries.giveBack(keyId)
    return isRight
  }

  async function look(text: string, { service, requestId }: { service: string; requestId: string }) {
    const key = await proven(text)
    if (!key) return null
    const newest = keyring.mac('api-key', text)
    const newLookup = lookupByMac(newest.keyId, newest.mac)
    if (key.lookup !== newLookup) {
      const asker = { principal: { kind: 'service', name: service, scopes: [] }, requestId } as const
      await store.rehash(
        {
          ...{ keyId: key.keyId, lookup: key.lookup, newLookup, secretMac: newest.mac, pepperId: newest.keyId },
          ...{ lastFour: text.slice(-4), at: clock.now() },
        },
        trailOf('api-key.rehashed', key.keyId, asker, { from: key.rehashedAt ? 'MAC' : key.format }, trail),
        announce,
      )
    }
    return record(key.keyId)
  }

  return {
    recognise: async (text, asked) => (mayBeForeignKey(text) ? shared(text, () => look(text, asked)) : null),
  }
}

/** Services alone ask. */
export const serviceOf = (principal: { readonly kind: string; readonly name?: string }): string => {
  if (principal.kind !== 'service' || principal.name === undefined) throw new Problem('FORBIDDEN')
  return principal.name
}
