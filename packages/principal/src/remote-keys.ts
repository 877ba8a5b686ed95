/** The public keys of whoever signs somewhere else, fetched from there (JWKS, RFC 7517). */
import type { KeyObject } from 'node:crypto'
import { type Clock, hourMs, minuteMs, secondMs } from '@latchkey/clock'
import { Problem } from '@latchkey/problem'
import { countOf, gaugeOf } from '@latchkey/telemetry/metrics'
import { type CryptoKey, importJWK, type JWK } from 'jose'

/** Reads them where they are published. */
export type KeySource = () => Promise<{ readonly keys: readonly JWK[] }>

export interface RemoteKeysOptions {
  readonly fetchKeys: KeySource
  readonly clock: Clock
}

/** Fetched keys are good for this long: no longer does a key that was stolen and replaced prove anything here. */
const freshForMs = minuteMs
/** While they cannot be fetched again, the old ones are for this long. */
const staleForMs = hourMs
/** However many unknown ids are asked for, the keys are fetched at most this often… */
const coolDownMs = 30 * secondMs
/** …and this often while fetching them fails. */
const retryAfterMs = secondMs

const answerWithinMs = 2_000

const fetches = countOf('latchkey_jwks_fetches_total', 'Fetches of the keys that access tokens are proved by.', [
  'outcome',
])

async function counted<Answer>(fetching: Promise<Answer>): Promise<Answer> {
  try {
    const answer = await fetching
    fetches.add({ outcome: 'fetched' })
    return answer
  } catch (error) {
    fetches.add({ outcome: 'failed' })
    throw error
  }
}

interface KeySet {
  readonly keys: ReadonlyMap<string, CryptoKey>
  readonly fetchedAtMs: number
}

/** The key of an id; `null` when nobody signs with it. Rejects with UNAVAILABLE when the keys cannot be had at all. */
export type KeyFinder = (keyId: string) => Promise<CryptoKey | KeyObject | null>

/** Asks once for all who wait. Keys are known again by their id, so that a new one is found when it first signs. */
export function createRemoteKeys({ fetchKeys, clock }: RemoteKeysOptions): KeyFinder {
  let known: KeySet | undefined
  let underway: Promise<void> | undefined
  let askAgainAtMs = Number.NEGATIVE_INFINITY
  const nowMs = () => clock.now().getTime()
  gaugeOf(
    'latchkey_jwks_age_seconds',
    'How old the keys are that access tokens are proved by; 0 before the first.',
    () => (known ? (nowMs() - known.fetchedAtMs) / secondMs : 0),
  )

  async function refresh(): Promise<void> {
    const askedAtMs = nowMs()
    askAgainAtMs = askedAtMs + retryAfterMs
    const { keys } = await counted(fetchKeys())
    known = { keys: await importKeys(keys), fetchedAtMs: askedAtMs }
    askAgainAtMs = askedAtMs + coolDownMs
  }

  function refreshOnce(): Promise<void> {
    underway ??= refresh().finally(() => {
      underway = undefined
    })
    return underway
  }

  return async (keyId) => {
    const isFresh = known !== undefined && nowMs() - known.fetchedAtMs < freshForMs
    const found = known?.keys.get(keyId)
    if (isFresh && found) return found
    const mayAsk = underway !== undefined || nowMs() >= askAgainAtMs
    const failure = mayAsk
      ? await refreshOnce().then(
          () => null,
          (cause: unknown) => cause,
        )
      : null
    if (known && nowMs() - known.fetchedAtMs < staleForMs) return known.keys.get(keyId) ?? null
    throw new Problem('UNAVAILABLE', 'the verification keys cannot be fetched', { retryAfterMs }, { cause: failure })
  }
}

/** By whom an address is read that may be had in several places. */
export interface KeyDoor {
  get(path: string, asked: { readonly withinMs: number }): Promise<{ readonly status: number; readonly body: string }>
}

/** Where access tokens' keys are, on any process that signs them. */
const accessTokenKeys = '/.well-known/jwks.json'

/** Asks one process after the other, as they are at that moment, until one answers. */
export const fetchKeysBehind =
  (doors: () => readonly KeyDoor[]): KeySource =>
  async () => {
    const failures: unknown[] = []
    for (const door of doors())
      try {
        const { status, body } = await door.get(accessTokenKeys, { withinMs: answerWithinMs })
        if (status === 200) return JSON.parse(body) as { keys: JWK[] } // judged key by key
        failures.push(status)
      } catch (thrown) {
        failures.push(thrown)
      }
    throw new AggregateError(failures, 'nobody gave the verification keys')
  }

export const fetchKeysFrom =
  (url: string): KeySource =>
  async () => {
    const answer = await fetch(url, { signal: AbortSignal.timeout(answerWithinMs) })
    if (!answer.ok) throw new Error(`${url} answered ${answer.status}`)
    return (await answer.json()) as { keys: JWK[] } // judged key by key
  }

/** Only Ed25519 public keys count; whatever else the answer holds is passed over. */
async function importKeys(keys: readonly JWK[]): Promise<ReadonlyMap<string, CryptoKey>> {
  const imported = new Map<string, CryptoKey>()
  for (const { kty, crv, x, kid } of keys) {
    if (kty !== 'OKP' || crv !== 'Ed25519' || x === undefined || kid === undefined) continue
    const key = await importJWK({ kty, crv, x }, 'EdDSA')
    if (!(key instanceof Uint8Array)) imported.set(kid, key)
  }
  return imported
}
