/** What a presented text is worth: read, proved and judged, in the one order of `keyRefusals`, wherever keys are shown. */
import { type Clock, secondMs } from '@latchkey/clock'
import { Problem } from '@latchkey/problem'
import type { ApiKeyRecord, CredentialRecords, GrantsRecord } from '../records/credential-records.ts'
import { type KeyEnvironment, parseApiKeyText } from './api-key-text.ts'
import { mayBeForeignKey } from './foreign-key-text.ts'
import type { ProvesKey } from './key-proof.ts'
import type { KeyRefusal } from './key-refusal.ts'
import type { KeyThrottle } from './key-throttle.ts'
import { judgeKey } from './key-verdict.ts'

/** Where a request with a key comes from. */
export interface ShownFrom {
  /** As our own edge knows it. */
  readonly address: string | undefined
  /** As a browser says it of the page. */
  readonly origin: string | undefined
}

export interface AcceptedKey {
  readonly outcome: 'accepted'
  readonly key: ApiKeyRecord
  readonly grants: GrantsRecord
}

export interface RefusedKey {
  readonly outcome: 'refused'
  readonly refusal: KeyRefusal
  readonly retryAfterMs?: number
  /** Set when the secret has matched: only then may anything of the key be told. */
  readonly key?: ApiKeyRecord
}

/** Rejects with UNAVAILABLE when nobody can say. */
export type KeyCheck = (text: string, from: ShownFrom) => Promise<AcceptedKey | RefusedKey>

export interface KeyCheckDependencies {
  readonly records: Pick<CredentialRecords, 'apiKey'>
  /** Asked when the records do not know the key, or know it by another secret. */
  readonly loadApiKey: (keyId: string) => Promise<ApiKeyRecord | null>
  /** Asked when the records know no grants of the owner. */
  readonly loadGrants: (ownerId: string) => Promise<GrantsRecord | null>
  /** The key of another system that a text may be of; asked for a text that is not of our form. May reject with RATE_LIMITED. */
  readonly foreignKeyIdOf: (text: string) => Promise<string | null>
  readonly provesKey: ProvesKey
  readonly throttle: KeyThrottle
  /** Keys of the other environment are refused. */
  readonly environment: KeyEnvironment
  readonly clock: Clock
}

/** A text and what the records know of its key. */
interface Shown {
  readonly known: ApiKeyRecord | null
  readonly keyId: string
  readonly text: string
  readonly isStopped: boolean
}

const refused = (refusal: KeyRefusal): RefusedKey => Object.freeze({ outcome: 'refused', refusal })
const [noKey, notFound] = [refused('CHECKSUM'), refused('NOT_FOUND')]
const throttled = (retryAfterMs: number): RefusedKey => ({ outcome: 'refused', refusal: 'THROTTLED', retryAfterMs })

/** Texts that are dear to check are not checked without end, wherever they are shown. */
function throttledBy(error: unknown): RefusedKey {
  if (error instanceof Problem && error.code === 'RATE_LIMITED') return throttled(error.facts.retryAfterMs ?? secondMs)
  throw error
}

/**
 * Shape, checksum and environment are judged before anybody is asked, and cost nothing. Then one round trip reads whether the
 * network is stopped, the key's record and its owner's grants. An id that nobody knows and a secret that is wrong take the same
 * steps: proved, asked for, proved, counted.
 */
export function createKeyCheck(dependencies: KeyCheckDependencies): KeyCheck {
  const { records, loadApiKey, loadGrants, foreignKeyIdOf, provesKey, throttle, environment, clock } = dependencies

  async function wrongKey(place: string | null): Promise<RefusedKey> {
    const waitMs = await throttle.charge(place)
    return waitMs > 0 ? throttled(waitMs) : notFound
  }

  /** Of a network that is stopped nobody is asked, save about a text that was let in from there. */
  async function foreignKey(text: string, place: string | null): Promise<RefusedKey | { readonly keyId: string }> {
    const waitMs = await throttle.waitMs(place)
    if (waitMs > 0 && !(await throttle.knows(place, throttle.nameOf(text)))) return throttled(waitMs)
    const found = await foreignKeyIdOf(text).then((keyId) => ({ keyId }), throttledBy)
    if ('outcome' in found) return found
    return found.keyId === null ? wrongKey(place) : { keyId: found.keyId }
  }

  async function proved({ known, keyId, text, isStopped }: Shown): Promise<ApiKeyRecord | null> {
    if (await provesKey(known, text)) return known
    // Whoever knows the id of a key that is known there could have it looked up without end.
    if (isStopped && known) return null
    const loaded = await loadApiKey(keyId)
    // What was read before a change that the records have heard of is no news.
    const newer = loaded && loaded.version > (known?.version ?? 0) ? loaded : null
    return (await provesKey(newer, text)) ? newer : null
  }

  return async (text, from) => {
    const parsed = parseApiKeyText(text)
    if (!parsed && !mayBeForeignKey(text)) return noKey
    if (parsed && parsed.environment !== environment) return notFound
    const place = throttle.placeOf(from.address)
    const foreign = parsed ? null : await foreignKey(text, place)
    if (foreign !== null && 'outcome' in foreign) return foreign
    const keyId = parsed?.keyId ?? foreign?.keyId ?? ''
    const [waitMs, known] = await Promise.all([throttle.waitMs(place), records.apiKey(keyId)])
    const isStopped = waitMs > 0
    if (isStopped && !(await throttle.knows(place, keyId))) return throttled(waitMs)
    const key = await proved({ known: known.key, keyId, text, isStopped })
    if (!key) return wrongKey(place)
    const grants = known.grants ?? (await loadGrants(key.ownerId))
    const question = { key, secret: 'proved', grants, environment, ...from, nowMs: clock.now().getTime() } as const
    const refusal = judgeKey(question)
    if (refusal === 'NOT_FOUND') return wrongKey(place)
    if (refusal !== null || !grants) return { outcome: 'refused', refusal: refusal ?? 'OWNER_SUSPENDED', key }
    throttle.welcome(place, keyId)
    if (!parsed) throttle.welcome(place, throttle.nameOf(text))
    return { outcome: 'accepted', key, grants }
  }
}
