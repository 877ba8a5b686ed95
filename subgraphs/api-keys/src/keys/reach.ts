/** Whose keys a principal may see and end, and who it is in the record of what was done. */
import { actingUserId, holdsScope, isSignedIn, type Principal, type UserPrincipal } from '@latchkey/principal'
import { Problem } from '@latchkey/problem'
import type { ApiKey } from './key.ts'
import type { Asker } from './trail.ts'

export type Reach = { readonly of: 'everyone' } | { readonly of: 'owner'; readonly ownerId: string }

/** With `keys:admin` everyone's, else those of the user the principal speaks for. FORBIDDEN when it speaks for nobody. */
export function reachOf(principal: Principal): Reach {
  const own = ownReachOf(principal)
  return holdsScope(principal, 'keys:admin') ? { of: 'everyone' } : own
}

/** Their own, whatever else they may see. FORBIDDEN when it speaks for nobody. */
export function ownReachOf(principal: Principal): Reach {
  const ownerId = actingUserId(principal)
  if (ownerId === null) throw new Problem('FORBIDDEN')
  return { of: 'owner', ownerId }
}

export const reaches = (reach: Reach, ownerId: ApiKey['ownerId']): boolean =>
  reach.of === 'everyone' || reach.ownerId === ownerId

interface Question {
  readonly principal: Principal
  readonly requestId: string
}

/** FORBIDDEN when it speaks for no user. */
export function askerOf({ principal, requestId }: Question): Asker {
  if (!isSignedIn(principal)) throw new Problem('FORBIDDEN')
  return { principal, requestId }
}

/** FORBIDDEN when it is not a person: a key makes no keys. */
export function creatorOf({ principal, requestId }: Question): Asker & { readonly principal: UserPrincipal } {
  if (principal.kind !== 'user') throw new Problem('FORBIDDEN')
  return { principal, requestId }
}
