/** Where an account stands: whether it may act, since when and why not, and until when. */
import { dayMs } from '@latchkey/clock'

export type AccountStatus = 'active' | 'suspended' | 'locked' | 'deleted'

export interface Standing {
  readonly status: AccountStatus
  /** When a suspension ends by itself; `null`: when somebody restores the account. */
  readonly suspendedUntil: Date | null
}

/** What is kept of where an account stands. */
export interface KeptStanding extends Standing {
  readonly suspendedAt: Date | null
  /** Why, sealed: of a suspension, or of a deletion. */
  readonly suspendedReason: string | null
  readonly suspendedBy: string | null
  readonly deletedAt: Date | null
  readonly eraseAt: Date | null
}

/** From a deletion until nothing is left of the account. */
export const restorableForMs = 30 * dayMs

/** A suspension is over at its end, whether or not anybody has written that down yet. */
export const statusAt = ({ status, suspendedUntil }: Standing, at: Date): AccountStatus =>
  status === 'suspended' && suspendedUntil !== null && suspendedUntil <= at ? 'active' : status

export const isActive = (standing: Standing, at: Date): boolean => statusAt(standing, at) === 'active'

export const inGoodStanding: KeptStanding = {
  status: 'active',
  suspendedUntil: null,
  suspendedAt: null,
  suspendedReason: null,
  suspendedBy: null,
  deletedAt: null,
  eraseAt: null,
}

export interface Suspension {
  readonly at: Date
  readonly until: Date | null
  /** Sealed. */
  readonly reason: string
  readonly by: string | null
}

export const suspended = ({ at, until, reason, by }: Suspension): KeptStanding => ({
  ...inGoodStanding,
  status: 'suspended',
  suspendedAt: at,
  suspendedUntil: until,
  suspendedReason: reason,
  suspendedBy: by,
})

export const deleted = ({ at, reason, by }: { at: Date; reason: string | null; by: string | null }): KeptStanding => ({
  ...inGoodStanding,
  status: 'deleted',
  suspendedReason: reason,
  suspendedBy: by,
  deletedAt: at,
  eraseAt: new Date(at.getTime() + restorableForMs),
})

/** Why it cannot be restored, in words for an administrator; `null`: it can. */
export function faultOfRestoring(standing: Standing & Pick<KeptStanding, 'eraseAt'>, at: Date): string | null {
  if (statusAt(standing, at) === 'active') return 'The account is active: there is nothing to restore.'
  const isPast = standing.status === 'deleted' && standing.eraseAt !== null && standing.eraseAt <= at
  return isPast ? 'The account is being erased: it cannot be restored any more.' : null
}
