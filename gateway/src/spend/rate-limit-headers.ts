/**
 * The fields that tell a client how far its key's limits reach: draft-ietf-httpapi-ratelimit-headers-06, the last draft in which
 * `RateLimit-Limit`, `-Remaining` and `-Reset` stand each for itself. They are of the limit that is nearest to its end;
 * `RateLimit-Policy` names all of them. `RateLimit-Reset` says when that limit is whole again, in seconds; the next request may
 * pass before that, and then `Retry-After` says when.
 */
import type { LimitState } from '@latchkey/principal/key-budgets'
import type { RateLimitFields } from '../rate-limit-fields.ts'

/**
 * `null` where nothing is limited.
 * @param policy what `policyOf` says of these limits: of one key it stays the same
 */
export function headersOf(limits: readonly LimitState[], policy: string): RateLimitFields | null {
  if (limits.length === 0) return null
  const nearest = limits.reduce((one, other) => (isNearer(other, one) ? other : one))
  return {
    'ratelimit-limit': String(nearest.limit),
    'ratelimit-remaining': String(nearest.remaining),
    'ratelimit-reset': String(Math.ceil(nearest.resetMs / 1_000)),
    'ratelimit-policy': policy,
  }
}

const isNearer = (one: LimitState, other: LimitState): boolean =>
  one.remaining < other.remaining || (one.remaining === other.remaining && one.resetMs > other.resetMs)

/** All of the limits, by name. */
export const policyOf = (limits: readonly LimitState[]): string =>
  limits
    .map(({ name, unit, limit, windowMs, burst }) => {
      const policy = `${limit};w=${windowMs / 1_000};burst=${burst};name="${name}"`
      return unit ? `${policy};unit="${unit}"` : policy
    })
    .join(', ')
