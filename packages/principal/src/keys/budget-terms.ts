/** Which limits apply to a key, and until when its uses last. Pure. */
import { secondMs } from '@latchkey/clock'
import type { ApiKeyRecord } from '../records/credential-records.ts'
import type { RateLimit, UseRefill } from './confinement.ts'

/** What an operator may choose. */
export interface BudgetTerms {
  /** Of a key that names no limit of its own. */
  readonly key: RateLimit
  /** Of all keys of one owner together. */
  readonly owner: RateLimit
}

/** `unlimited`: no rate is limited; for measuring only, and production refuses to start with it. Uses count all the same. */
export type BudgetChoice = BudgetTerms | 'unlimited'

/** Names that a key's own limits cannot have. */
export const reservedLimitNames: readonly string[] = ['default', 'owner']

/** Requests in a minute, and at once. */
export interface Rate {
  readonly perMinute: number
  readonly burst: number
}

export const usualRates = { key: { perMinute: 600, burst: 100 }, owner: { perMinute: 6_000, burst: 1_000 } } as const

const perMinute = (name: string, { perMinute: limit, burst }: Rate): RateLimit => ({
  ...{ name, limit, windowSeconds: 60, burst },
})

export const budgetTerms = ({ key, owner }: { readonly key: Rate; readonly owner: Rate }): BudgetTerms => ({
  key: perMinute('default', key),
  owner: perMinute('owner', owner),
})

const none: readonly RateLimit[] = []

/** Of the key itself: its own, and that of every key unless it names one of requests. */
export function limitsOfKey({ confinement }: Pick<ApiKeyRecord, 'confinement'>, terms: BudgetChoice) {
  if (terms === 'unlimited') return none
  const own = confinement?.rateLimits
  if (!own) return [terms.key]
  return own.every(countsCost) ? [...own, terms.key] : own
}

export const countsCost = ({ unit }: RateLimit): boolean => unit === 'cost'

/** Whether what its requests cost makes a difference to a key. */
export const paysByCost = ({ confinement }: Pick<ApiKeyRecord, 'confinement'>): boolean =>
  confinement?.rateLimits?.some(countsCost) ?? false

/** Every limit that applies to a key: its own first, its owner's last. */
export const limitsOf = (key: Pick<ApiKeyRecord, 'confinement'>, terms: BudgetChoice): readonly RateLimit[] =>
  terms === 'unlimited' ? none : [...limitsOfKey(key, terms), terms.owner]

/** Under which id the uses of a key are counted. */
export const usesIdOf = ({ keyId, confinement }: Pick<ApiKeyRecord, 'keyId' | 'confinement'>): string =>
  confinement?.uses?.of ?? keyId

export const windowMsOf = ({ windowSeconds }: RateLimit): number => windowSeconds * secondMs

/** The stretch of time that uses are given for; what ends never has begun at 0 and `endsAtMs: null`. */
export interface UsePeriod {
  readonly startedAtMs: number
  readonly endsAtMs: number | null
}

/** The day, or the month, of a moment; in UTC. */
export function periodOf(refill: UseRefill, nowMs: number): UsePeriod {
  if (refill === 'NEVER') return { startedAtMs: 0, endsAtMs: null }
  const now = new Date(nowMs)
  const [year, month, day] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()]
  return refill === 'DAILY'
    ? { startedAtMs: Date.UTC(year, month, day), endsAtMs: Date.UTC(year, month, day + 1) }
    : { startedAtMs: Date.UTC(year, month), endsAtMs: Date.UTC(year, month + 1) }
}
