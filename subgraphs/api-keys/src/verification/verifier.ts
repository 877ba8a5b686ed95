/** What a key is worth to another service: judged in the order in which the gateway judges it, and paid for last. */
import type { Clock } from '@latchkey/clock'
import { intersectScopes, type Scope } from '@latchkey/principal'
import type { ApiKeyRecord } from '@latchkey/principal/credential-records'
import type { KeyBudgets } from '@latchkey/principal/key-budgets'
import type { KeyCheck } from '@latchkey/principal/key-check'
import type { KeyRefusal } from '@latchkey/principal/key-refusal'
import { countOf } from '@latchkey/telemetry/metrics'
import { type StandingLimit, standingAt } from '../limits/service.ts'
import { deniedDemand } from './demand.ts'
import type { NoteSighting } from './sightings.ts'
import { parseDemand, type VerifyInput } from './verify-input.ts'

export interface ValidKey {
  readonly outcome: 'valid'
  readonly key: ApiKeyRecord
  /** What it holds and its owner is still permitted. */
  readonly scopes: readonly Scope[]
  readonly limits: readonly StandingLimit[]
  readonly usesLeft: number | null
}

export interface InvalidKey {
  readonly outcome: 'refused'
  readonly refusal: KeyRefusal
  readonly retryAfterMs: number | null
  /** `null` until the secret has matched. */
  readonly key: ApiKeyRecord | null
}

export interface KeyVerifier {
  /** BAD_USER_INPUT for what is no question; UNAVAILABLE when nobody can say, and then the key is not to be accepted. */
  verify(input: VerifyInput): Promise<ValidKey | InvalidKey>
}

export interface KeyVerifierDependencies {
  readonly check: KeyCheck
  readonly budgets: KeyBudgets
  readonly noteSighting: NoteSighting
  readonly clock: Clock
}

const refused = (
  refusal: KeyRefusal,
  { key, retryAfterMs }: { readonly key?: ApiKeyRecord; readonly retryAfterMs?: number },
): InvalidKey => ({ outcome: 'refused', refusal, key: key ?? null, retryAfterMs: retryAfterMs ?? null })

const verifications = countOf(
  'latchkey_key_verifications_total',
  'Keys that services asked about: VALID, or why they were refused.',
  ['outcome'],
)

const counted = ({ verify }: KeyVerifier): KeyVerifier => ({
  async verify(input) {
    const verified = await verify(input)
    verifications.add({ outcome: verified.outcome === 'valid' ? 'VALID' : verified.refusal })
    return verified
  },
})

export const createKeyVerifier = (dependencies: KeyVerifierDependencies): KeyVerifier =>
  counted(createUncountedVerifier(dependencies))

const createUncountedVerifier = ({ check, budgets, noteSighting, clock }: KeyVerifierDependencies): KeyVerifier => ({
  async verify(input) {
    const demand = parseDemand(input)
    const checked = await check(input.secret, demand)
    if (checked.key) noteSighting(checked.key.keyId)
    if (checked.outcome === 'refused') return refused(checked.refusal, checked)
    const { key, grants } = checked
    const scopes = intersectScopes(key.scopes, grants.scopes)
    const denied = deniedDemand(key.confinement ?? {}, scopes, demand)
    if (denied) return refused(denied, { key })
    const { outcome, limits, usesLeft, retryAfterMs } = await budgets.spend(key, demand.cost)
    if (outcome !== 'SPENT') return refused(outcome, { key, ...(retryAfterMs !== undefined && { retryAfterMs }) })
    return { outcome: 'valid', key, scopes, limits: limits.map(standingAt(clock.now())), usesLeft }
  },
})
