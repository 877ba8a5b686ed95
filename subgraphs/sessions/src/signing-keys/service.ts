/** Signing keys: the one that signs, those that are published, and the one a token names. */
import type { KeyObject } from 'node:crypto'
import { type Clock, type Entropy, minuteMs, secondMs } from '@latchkey/clock'
import { Problem } from '@latchkey/problem'
import type { Keyring } from '@latchkey/secrets'
import { newSigningKey, openPrivateKey, type PublicJwk, publicKeyOf, type SigningKey } from './signing-key.ts'
import type { SigningKeyStore } from './store.ts'

interface SigningKeyDependencies {
  readonly store: SigningKeyStore
  readonly keyring: Pick<Keyring, 'seal' | 'open'>
  readonly clock: Clock
  readonly entropy: Entropy
}

export interface SigningKeys {
  /** Makes the first key of an installation. Of any number of processes that start together, all sign with the same. */
  ensureFirst(): Promise<void>
  /** The key that signs now. */
  signer(): Promise<{ kid: string; privateKey: KeyObject }>
  /** The public keys a verifier must know (RFC 7517). */
  jwks(): Promise<{ keys: PublicJwk[] }>
  /** The public key a token names; null when there is none of that name, or it is retired. */
  verificationKey(kid: string): Promise<KeyObject | null>
}

interface KnownKeys {
  readonly readAtMs: number
  readonly keys: readonly SigningKey[]
}

/** How long the keys may be known before they are read again. */
const freshMs = minuteMs
// Anyone can write any `kid` into a token: unknown ones must not become a question to the database each.
const rereadAfterMs = 5 * secondMs

export function createSigningKeys({ store, keyring, clock, entropy }: SigningKeyDependencies): SigningKeys {
  let known: KnownKeys | null = null
  let reading: Promise<readonly SigningKey[]> | null = null
  const opened = new Map<string, KeyObject>()

  async function read(): Promise<readonly SigningKey[]> {
    const readAtMs = clock.now().getTime()
    const keys = await store.published()
    known = { readAtMs, keys }
    return keys
  }

  /** While Postgres is away, the keys that were known go on: sessions are asked for on every request anyway. */
  async function keysNotOlderThan(ageMs: number): Promise<readonly SigningKey[]> {
    if (known && clock.now().getTime() - known.readAtMs < ageMs) return known.keys
    reading ??= read().finally(() => {
      reading = null
    })
    const before = known
    return before ? reading.catch(() => before.keys) : reading
  }

  async function named(kid: string): Promise<SigningKey | undefined> {
    const has = (keys: readonly SigningKey[]) => keys.find((key) => key.kid === kid)
    return has(await keysNotOlderThan(freshMs)) ?? has(await keysNotOlderThan(rereadAfterMs))
  }

  /** Opening and decoding happen once a key, not once a token. */
  function once(name: string, open: () => KeyObject): KeyObject {
    const key = opened.get(name) ?? open()
    opened.set(name, key)
    return key
  }

  return {
    async ensureFirst() {
      const isActive = ({ state }: SigningKey) => state === 'active'
      if ((await read()).some(isActive)) return
      await store.addFirst(newSigningKey(keyring, entropy), clock.now())
      await read()
    },
    async signer() {
      const active = (await keysNotOlderThan(freshMs)).find(({ state }) => state === 'active')
      if (!active) throw new Problem('UNAVAILABLE', 'there is no active signing key')
      return { kid: active.kid, privateKey: once(`private ${active.kid}`, () => openPrivateKey(keyring, active)) }
    },
    async jwks() {
      return { keys: (await keysNotOlderThan(freshMs)).map(({ publicJwk }) => publicJwk) }
    },
    async verificationKey(kid) {
      const key = await named(kid)
      return key ? once(`public ${kid}`, () => publicKeyOf(key)) : null
    },
  }
}
