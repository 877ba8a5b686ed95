/** What signing in needs to know of a password. Users answers it; no password is kept or compared here. */
import type { SessionLimit } from '../sessions/session.ts'
import type { SecondFactor } from './pending.ts'

export interface RightPassword {
  readonly outcome: 'match'
  readonly userId: string
  readonly namedUserId: string
  readonly sessionEpoch: number
  /** What is asked for besides, the strongest first; empty: nothing. */
  readonly secondFactors: readonly SecondFactor[]
  /** `null`: the usual one. */
  readonly sessionLimit: SessionLimit | null
}

export type PasswordVerdict = RightPassword | { readonly outcome: 'no match'; readonly namedUserId: string | null }

/** Costs one password hash, whatever the verdict. Rejects with UNAVAILABLE when nobody can say. */
export type PasswordCheck = (
  credentials: { email: string; password: string },
  requestId: string,
) => Promise<PasswordVerdict>
