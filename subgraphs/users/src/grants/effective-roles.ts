/** Effective roles: which of the roles an account holds permit anything now. Pure. */
import { dayMs } from '@latchkey/clock'
import type { Scope } from '@latchkey/principal'

/** A role that is held and asks for a second factor. */
export interface FactorDemand {
  readonly role: string
  readonly grantedAtMs: number
  /** From when it was granted. */
  readonly graceDays: number
}

export interface HeldRoles {
  readonly roles: readonly string[]
  /** Of those roles that ask for a second factor. */
  readonly demands: readonly FactorDemand[]
  /** One that meets the demand: an authenticator app or a passkey. */
  readonly hasSecondFactor: boolean
}

export interface EffectiveRoles {
  readonly roles: readonly string[]
  /** When the next of them ceases to permit anything, if nothing is enrolled. */
  readonly nextGraceEndsAt: Date | null
}

/**
 * What is left to whoever holds nothing else: to see and change the own account, and so to enrol. Without it a role that
 * everyone holds could never be met.
 */
export const scopesToEnrolWith: readonly Scope[] = ['profile:read', 'profile:write']

const graceEndMs = ({ grantedAtMs, graceDays }: FactorDemand): number => grantedAtMs + graceDays * dayMs

/** A role whose grace is over permits nothing while there is no second factor. */
export function effectiveRoles({ roles, demands, hasSecondFactor }: HeldRoles, now: Date): EffectiveRoles {
  if (hasSecondFactor) return { roles, nextGraceEndsAt: null }
  const over = demands.filter((demand) => graceEndMs(demand) <= now.getTime()).map(({ role }) => role)
  const ends = demands.map(graceEndMs).filter((endMs) => endMs > now.getTime())
  return {
    roles: roles.filter((role) => !over.includes(role)),
    nextGraceEndsAt: ends.length > 0 ? new Date(Math.min(...ends)) : null,
  }
}
