/** Effective roles: which of the roles an account holds permit anything now. Pure. */
import type { Scope } from '@latchkey/principal'

/** A role that an account holds, by itself or by way of another one. */
export interface HeldRole {
  readonly name: string
  /** What the installation gave it, besides what is built in. */
  readonly scopes: readonly Scope[]
  /**
   * From when on it permits nothing to whoever has no second factor: such a role may be held by way of one that asks for a
   * factor, and a role that asks for one by way of one that does not. `null`: no factor is asked for.
   */
  readonly graceEndsAtMs: number | null
}

interface HeldRoles {
  readonly roles: readonly HeldRole[]
  /** One that meets the demand: an authenticator app or a passkey. */
  readonly hasSecondFactor: boolean
}

export interface EffectiveRoles {
  readonly roles: readonly HeldRole[]
  /** When the next of them ceases to permit anything, if nothing is enrolled. */
  readonly nextGraceEndsAt: Date | null
}

/**
 * What is left to whoever holds nothing else: to see and change the own account, and so to enrol. Without it a role that
 * everyone holds could never be met.
 */
export const scopesToEnrolWith: readonly Scope[] = ['profile:read', 'profile:write']

/** A role whose grace is over permits nothing while there is no second factor. */
export function effectiveRoles({ roles, hasSecondFactor }: HeldRoles, now: Date): EffectiveRoles {
  if (hasSecondFactor) return { roles, nextGraceEndsAt: null }
  const isOver = ({ graceEndsAtMs }: HeldRole) => graceEndsAtMs !== null && graceEndsAtMs <= now.getTime()
  const ahead = roles.filter((role) => !isOver(role))
  const ends = ahead.flatMap(({ graceEndsAtMs }) => graceEndsAtMs ?? [])
  return { roles: ahead, nextGraceEndsAt: ends.length > 0 ? new Date(Math.min(...ends)) : null }
}
