/** The person behind a request that a rule has let through for a person only. */
import type { Principal, UserPrincipal } from '@latchkey/principal'
import { Problem } from '@latchkey/problem'

/** Throws FORBIDDEN for anybody else. */
export function personOf({ principal }: { readonly principal: Principal }): UserPrincipal {
  if (principal.kind !== 'user') throw new Problem('FORBIDDEN', 'only a person has sessions')
  return principal
}
