/** What can be done with a key that works: change it, set it aside, take it up again, put another in its place. */
import type { Clock, Entropy } from '@latchkey/clock'
import { actingUserId, type Scope, scopesOf, type UserPrincipal } from '@latchkey/principal'
import type { KeyEnvironment } from '@latchkey/principal/api-key-text'
import { Problem } from '@latchkey/problem'
import type { PublicGraph } from '@latchkey/public-graph'
import type { Keyring } from '@latchkey/secrets'
import { type ApiKey, liveKeysMax, type MintedKey, mintKey, mustHold } from '../keys/key.ts'
import type { Reach } from '../keys/reach.ts'
import { type Asker, detailOf, outboxPayload, trailOf } from '../keys/trail.ts'
import { ownerToChange } from '../owners/reach.ts'
import { type KeyUpdate, parseOverlap, rotatedKey, successorTerms, switchedKey, updatedKey } from './change.ts'
import type { ChangeTerms, LifecycleStore } from './store.ts'

export interface LifecycleDependencies {
  readonly store: LifecycleStore
  readonly announce: (key: ApiKey) => Promise<void>
  /** Whose the key is; null: there is none. It never changes. */
  readonly ownerOf: (keyId: string) => Promise<string | null>
  readonly keyring: Keyring
  readonly clock: Clock
  readonly entropy: Entropy
  readonly environment: KeyEnvironment
  readonly scopesInGraph: () => readonly Scope[]
  readonly publicGraph: () => PublicGraph
}

export interface RotateInput {
  readonly id: string
  /** In seconds. */
  readonly overlap?: number | null
}

/** Each rejects with NOT_FOUND for a key that is unknown or out of reach, with CONFLICT for one that has ended. */
export interface LifecycleService {
  /** BAD_USER_INPUT naming every wrong argument; FORBIDDEN for an added scope that the caller does not hold. */
  update(person: Person, update: KeyUpdate): Promise<ApiKey>
  /**
   * It works no more, everywhere, when this resolves; again when it is enabled. Doing it again changes nothing. FORBIDDEN for an
   * administrator who enables what its owner has disabled.
   */
  turn(asker: Asker, reach: Reach, id: string, to: 'DISABLED' | 'ENABLED'): Promise<ApiKey>
  /** The new key and its only text, to whoever holds what it holds: FORBIDDEN. Of any number of callers at once, one rotates the key; the others answer CONFLICT. */
  rotate(person: Person, input: RotateInput): Promise<MintedKey>
}

type Person = Asker & { readonly principal: UserPrincipal }

export function createLifecycle(dependencies: LifecycleDependencies): LifecycleService {
  const { store, announce, ownerOf, keyring, clock, entropy, environment, scopesInGraph, publicGraph } = dependencies
  const trail = { clock, entropy, seal: (payload: string) => keyring.seal('data', payload, outboxPayload) }
  const minting = { environment, entropy, clock, mac: (text: string) => keyring.mac('api-key', text) }

  async function change(terms: Omit<ChangeTerms, 'announce'>): Promise<ApiKey> {
    const { id } = terms
    const changed = await store.change({ ...terms, announce })
    if (changed === 'full') throw tooManyLive()
    if (!changed) throw new Problem('NOT_FOUND', `key ${id}`)
    return changed
  }

  const placeOf = async ({ principal }: Person, id: string) => ({
    ...{ id, ownerId: await ownerToChange(id, principal, ownerOf), by: principal.userId },
  })

  return {
    update: async (person, update) =>
      change({
        ...(await placeOf(person, update.id)),
        decide(key) {
          const limits = {
            permitted: scopesOf(person.principal),
            known: scopesInGraph(),
            now: clock.now(),
            graph: publicGraph(),
          }
          const updated = updatedKey(key, update, limits)
          return { key: updated, trail: trailOf('api-key.updated', key.id, person, detailOf(updated), trail) }
        },
      }),
    async turn(asker, reach, id, to) {
      const by = actingUserId(asker.principal)
      const ownerId = reach.of === 'owner' ? reach.ownerId : await ownerOf(id)
      if (ownerId === null) throw new Problem('NOT_FOUND', `key ${id}`)
      return change({
        ...{ id, ownerId, by },
        decide(key, setAsideBy) {
          const turned = switchedKey(key, { to, by, setAsideBy, now: clock.now() })
          const action = to === 'DISABLED' ? 'api-key.disabled' : 'api-key.enabled'
          return turned && { key: turned, trail: trailOf(action, id, asker, {}, trail) }
        },
      })
    },
    async rotate(person, { id, overlap }) {
      const overlapMs = parseOverlap(overlap)
      const { userId, scopes: permitted } = person.principal
      const made: MintedKey[] = []
      await change({
        ...(await placeOf(person, id)),
        decide(key) {
          const now = clock.now()
          const terms = successorTerms(key, now)
          // Whoever is told the secret of another account's key can use all that it holds.
          if (key.ownerId !== userId) mustHold(permitted, key.scopes)
          const next = mintKey(key.ownerId, terms, minting)
          made.push(next)
          const rotated = rotatedKey(key, next.key.id, new Date(now.getTime() + overlapMs))
          const [detail, since] = [{ successor: next.key.id }, { predecessor: id }]
          return {
            key: rotated,
            trail: trailOf('api-key.rotated', id, person, detail, trail),
            added: {
              key: next.key,
              trail: trailOf('api-key.created', next.key.id, person, since, trail),
              liveMax: liveKeysMax,
            },
          }
        },
      })
      const [next] = made
      if (!next) throw new Error('a key was rotated and none was made')
      return next
    },
  }
}

const tooManyLive = (): Problem =>
  new Problem('CONFLICT', 'too many live keys', {
    message: `You have ${liveKeysMax} keys that work. Revoke one first, or rotate with \`overlap: 0\`, which ends the old key at once.`,
  })
