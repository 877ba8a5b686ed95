/**
 * The fields that tell a client how far its key's limits reach: draft-ietf-httpapi-ratelimit-headers-06, the last draft in which
 * `RateLimit-Limit`, `-Remaining` and `-Reset` stand each for itself. They are of the limit that is nearest to its end;
 * `RateLimit-Policy` names all of them. `RateLimit-Reset` says when that limit is whole again, in seconds; the next request may
 * pass before that, and then `Retry-After` says when.
 */
import type { LimitState } from '@latchkey/principal/key-budgets'
import type { RateLimitFields } from '../rate-limit-fields.ts'

/** `null` where nothing is limited. */
export function headersOf(limits: readonly LimitState[]): RateLimitFields | null {
  const [first, ...others] = limits
  if (!first) return null
  const nearest = others.reduce((one, other) => (isNearer(other, one) ? other : one), first)
  return {
    'ratelimit-limit': String(nearest.limit),
    'ratelimit-remaining': String(nearest.remaining),
    'ratelimit-reset': String(Math.ceil(nearest.resetMs / 1_000)),
    'ratelimit-policy': limits.map(policyOf).join(', '),
  }
}

const isNearer = (one: LimitState, other: LimitState): boolean =>
  one.remaining < other.remaining || (one.remaining === other.remaining && one.resetMs > other.resetMs)

const policyOf = ({ name, limit, windowMs, burst }: LimitState): string =>
  `${limit};w=${windowMs / 1_000};burst=${burst};name="${name}"`
