/** Login attempts: what came of asking to be signed in. Never a password, and of the address only what finds it again. */
import { dayMs } from '@latchkey/clock'
import { actingUserId, holdsScope, type Principal } from '@latchkey/principal'

/** How somebody tried to prove who they are. */
export type LoginMethod = 'PASSWORD' | 'SECOND_FACTOR' | 'PASSKEY' | 'MAGIC_LINK' | 'EMAIL_CODE' | 'TRUSTED_DEVICE'

/**
 * `LOCKED`: the tries were used up, and nothing was evaluated. Whoever tried was told nothing but `SignInRefused`.
 * `SESSION_LIMIT_REACHED`: everything was right, and the person has as many sessions as they may.
 */
export type LoginOutcome =
  | 'SIGNED_IN'
  | 'STEPPED_UP'
  | 'SECOND_FACTOR_REQUIRED'
  | 'SESSION_LIMIT_REACHED'
  | 'REFUSED'
  | 'LOCKED'

export interface LoginAttempt {
  readonly id: string
  readonly at: Date
  readonly method: LoginMethod
  readonly outcome: LoginOutcome
  /** The account that was named, where it is known. */
  readonly userId: string | null
  readonly device: string
  /** The place, as coarsely as it may be kept. */
  readonly network: string | null
}

/** Where the full address of an attempt is sealed: it opens in no other row. */
export const addressPlace = (id: string): string => `sessions.sign_in_attempts.sealed_address:${id}`

/** How long attempts are kept. */
export const keptForMs = 90 * dayMs

/** Whose attempts a caller may see: a person their own, and whoever holds `attempts:read` everybody's. A key sees none. */
export const maySeeAttemptsOf = (principal: Principal, userId: string): boolean =>
  holdsScope(principal, 'attempts:read') || (principal.kind === 'user' && actingUserId(principal) === userId)
