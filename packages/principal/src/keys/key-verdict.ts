/** What a key is worth at a moment: judged in one order, at the gateway and wherever `verifyApiKey` is asked. Pure. */

import { type ApiKeyRecord, type GrantsRecord, isActiveAt } from '../records/credential-records.ts'
import type { KeyEnvironment } from './api-key-text.ts'
import { isWithin } from './key-networks.ts'
import type { KeyRefusal } from './key-refusal.ts'

export interface KeyQuestion {
  readonly key: ApiKeyRecord | null
  /** Whether the text that was shown is that of the key. */
  readonly secret: 'proved' | 'wrong'
  /** What the key's owner is permitted; null: there is no such account. */
  readonly grants: GrantsRecord | null
  /** The deployment that is asked. */
  readonly environment: KeyEnvironment
  /** Where the request comes from, as our own edge knows it. */
  readonly address: string | undefined
  /** The page that makes the request, as its browser says (`Origin`). */
  readonly origin: string | undefined
  readonly nowMs: number
}

/** The first reason to refuse, from NOT_FOUND to ORIGIN_DENIED; null: none of these. "Found" means that the secret matched. */
export function judgeKey({ key, secret, grants, environment, address, origin, nowMs }: KeyQuestion): KeyRefusal | null {
  if (!key || secret !== 'proved' || key.environment !== environment) return 'NOT_FOUND'
  if (typeof key.disabledAtMs === 'number') return 'DISABLED'
  if (!grants || !actsFor(key, grants, nowMs)) return 'OWNER_SUSPENDED'
  if (key.revokedAtMs !== null) return 'REVOKED'
  if (key.expiresAtMs !== null && nowMs >= key.expiresAtMs) return key.successorId ? 'ROTATED' : 'EXPIRED'
  const { networks, origins } = key.confinement ?? {}
  if (networks && !isWithin(networks, address)) return 'IP_DENIED'
  if (origins && (origin === undefined || !origins.includes(origin))) return 'ORIGIN_DENIED'
  return null
}

/** While keys of the owner may be somebody else's, none of them counts. */
const actsFor = ({ ownerId }: ApiKeyRecord, grants: GrantsRecord, nowMs: number): boolean =>
  grants.userId === ownerId && isActiveAt(grants, nowMs) && !grants.keysDoubted
