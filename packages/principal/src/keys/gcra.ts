/**
 * The generic cell rate algorithm, in whole numbers. What was spent of a limit is a debt in ticks: a request costs as many as the
 * window has milliseconds, each millisecond pays off as many as the limit has requests, and the burst is how much may be owed. All
 * of them stay below 2^53, so nothing is ever rounded and the last request of a burst is exact. Pure.
 */
import { countsCost, windowMsOf } from './budget-terms.ts'
import type { RateLimit } from './confinement.ts'
import type { LimitState } from './key-budgets.ts'

/** What the debt of a limit is kept under. A window of another length counts in other ticks. */
export const debtName = ({ name, windowSeconds }: RateLimit): string => `${name}/${windowSeconds}`

export const owedMax = (limit: RateLimit): number => limit.burst * windowMsOf(limit)

export const paidOff = (debt: number, elapsedMs: number, { limit }: RateLimit): number =>
  Math.max(0, debt - Math.max(0, elapsedMs) * limit)

export const added = (debt: number, requests: number, limit: RateLimit): number => debt + requests * windowMsOf(limit)

/** What so many requests take of a limit, each of which costs so much. */
export const takenBy = (requests: number, planned: number, limit: RateLimit): number =>
  countsCost(limit) ? requests * Math.max(1, planned) : requests

/** How often so much can be spent at once. */
export const roomFor = (debt: number, cost: number, limit: RateLimit): number =>
  Math.max(0, Math.floor((owedMax(limit) - debt) / (cost * windowMsOf(limit))))

/** How long until so much can be spent: 0 for now, infinite for more than a burst. */
export function waitMs(debt: number, cost: number, limit: RateLimit): number {
  if (cost > limit.burst) return Number.POSITIVE_INFINITY
  return Math.max(0, Math.ceil((added(debt, cost, limit) - owedMax(limit)) / limit.limit))
}

export const stateOf = (debt: number, limit: RateLimit): LimitState => ({
  name: limit.name,
  unit: limit.unit,
  limit: limit.limit,
  windowMs: windowMsOf(limit),
  burst: limit.burst,
  remaining: roomFor(debt, 1, limit),
  resetMs: Math.ceil(debt / limit.limit),
})
