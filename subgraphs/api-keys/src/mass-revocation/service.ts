/** Mass revocation: every key that meets some criteria, ended as a single one is. */
import type { Clock, Entropy } from '@latchkey/clock'
import { Problem } from '@latchkey/problem'
import type { Keyring } from '@latchkey/secrets'
import { type ApiKey, parseReason } from '../keys/key.ts'
import { type Reach, reaches } from '../keys/reach.ts'
import type { ApiKeyStore } from '../keys/store.ts'
import { type Asker, outboxPayload, trailOf } from '../keys/trail.ts'
import { parseCriteria, type RevokeFilter } from './criteria.ts'
import type { MatchingStore } from './store.ts'

export interface RevokeManyInput {
  readonly filter: RevokeFilter
  readonly reason?: string | null
  /** Whether it is only to be told what would be revoked. */
  readonly dryRun?: boolean | null
}

export interface MassRevocation {
  /** Revoked just now; of a dry run none. */
  readonly revoked: number
  /** How many match now, counted up to 10,000. */
  readonly remaining: number
  /** Those that were revoked; of a dry run the first 20 that would be. */
  readonly apiKeys: readonly ApiKey[]
}

export interface MassRevocationService {
  /**
   * Ends at most 100 keys, each in a transaction of its own, announced before its commit and put on record. While it runs a
   * key may be rotated: its successor matches too and is found by the next look. When nothing remains, no key that matched
   * works, nor any that came of one. What fails half-way leaves whole keys: asking again goes on. BAD_USER_INPUT, FORBIDDEN, UNAVAILABLE.
   */
  revoke(asker: Asker, reach: Reach, input: RevokeManyInput): Promise<MassRevocation>
}

export interface MassRevocationDependencies {
  readonly store: MatchingStore
  readonly keys: Pick<ApiKeyStore, 'revoke'>
  readonly announce: (key: ApiKey) => Promise<void>
  readonly keyring: Keyring
  readonly clock: Clock
  readonly entropy: Entropy
}

const revokedMax = 100
const countedMax = 10_000
const shownMax = 20
/** Side by side: each holds a connection. */
const atOnce = 5

export function createMassRevocation(dependencies: MassRevocationDependencies): MassRevocationService {
  const { store, keys, announce, keyring, clock, entropy } = dependencies
  const trail = { clock, entropy, seal: (payload: string) => keyring.seal('data', payload, outboxPayload) }

  const revokeOne = (asker: Asker, reach: Reach, { id }: ApiKey, reason: string | null) => {
    const record = trailOf('api-key.revoked', id, asker, { by: 'filter' }, trail)
    return keys.revoke({ id, reach, at: clock.now(), reason }, record, announce)
  }

  return {
    async revoke(asker, reach, { filter, reason: written, dryRun }) {
      const now = clock.now()
      const criteria = parseCriteria(filter, now)
      const reason = parseReason(written)
      if (criteria.ownerId !== undefined && !reaches(reach, criteria.ownerId))
        throw new Problem('FORBIDDEN', 'an owner')
      const asked = { reach, criteria, now }
      if (dryRun) {
        const [apiKeys, remaining] = await Promise.all([
          store.matching(asked, shownMax),
          store.count(asked, countedMax),
        ])
        return { revoked: 0, remaining, apiKeys }
      }
      const ended: ApiKey[] = []
      while (ended.length < revokedMax) {
        const found = await store.matching(asked, Math.min(atOnce, revokedMax - ended.length))
        const done = await Promise.all(found.map((key) => revokeOne(asker, reach, key, reason)))
        ended.push(...done.filter((key) => key !== null))
        if (found.length === 0) break
      }
      return { revoked: ended.length, remaining: await store.count(asked, countedMax), apiKeys: ended }
    },
  }
}
