/** Signing in: a try, a password, a session, a pair of tokens. */
import { badInput } from '@latchkey/problem'
import { identifierLengthMax } from '../attempts/attempts.ts'
import type { Attempts, Try } from '../attempts/service.ts'
import type { Occasion } from '../ledger/ledger.ts'
import type { LoginOutcome } from '../login-attempts/login-attempt.ts'
import type { LoginAttempts } from '../login-attempts/service.ts'
import { lastingOf } from '../sessions/session.ts'
import type { PasswordCheck, PasswordVerdict } from './password-check.ts'
import type { SecondFactor } from './pending.ts'
import type { Origin, Pendings } from './pendings.ts'
import type { StartedSession, StartSession, TurnedAway } from './session-start.ts'

interface SignInDependencies {
  readonly attempts: Attempts
  readonly loginAttempts: Pick<LoginAttempts, 'record'>
  readonly checkPassword: PasswordCheck
  readonly pendings: Pick<Pendings, 'beginPassword'>
  readonly startSession: StartSession
}

export interface Credentials {
  readonly email: string
  readonly password: string
  readonly rememberMe?: boolean | null
}

/** The password was right; it is one of two things that are asked for. */
export interface Half {
  readonly challengeId: string
  readonly factors: readonly SecondFactor[]
}

export interface SignIn {
  /**
   * The first pair of a new session, or what is still asked for; null when refused, for whatever reason. BAD_USER_INPUT for
   * what cannot be an address.
   */
  withPassword(
    credentials: Credentials,
    origin: Origin,
    occasion: Occasion,
  ): Promise<StartedSession | TurnedAway | Half | null>
}

/** Shorter than any password can be. */
const nobodys = ''

export function createSignIn(dependencies: SignInDependencies): SignIn {
  const { attempts, loginAttempts, checkPassword, pendings, startSession } = dependencies

  /** A check that did not take place leaves the try untouched: an outage must not lock anybody out. */
  async function checked(attempt: Try, credentials: Credentials, requestId: string): Promise<PasswordVerdict> {
    try {
      return await checkPassword(credentials, requestId)
    } catch (failure) {
      await attempt.giveBack()
      throw failure
    }
  }

  return {
    async withPassword({ email, password, rememberMe }, origin, occasion) {
      const lasting = lastingOf(rememberMe)
      const { address } = origin
      const record = (outcome: LoginOutcome, userId: string | null) =>
        loginAttempts.record(
          { method: 'PASSWORD', outcome, userId, identifier: email },
          { ...origin, requestId: occasion.requestId },
        )
      if (email.trim().length > identifierLengthMax)
        throw badInput({ 'input.email': 'is longer than an address can be' })
      const attempt = await attempts.take(email, address)
      if (!attempt) {
        // What was typed is not looked at: nobody's password is checked in its place, at the price of any wrong one. A quick
        // answer would tell that tries are used up.
        const { namedUserId } = await checkPassword({ email, password: nobodys }, occasion.requestId)
        await record('LOCKED', namedUserId)
        return null
      }
      const verdict = await checked(attempt, { email, password }, occasion.requestId)
      if (verdict.outcome === 'no match') {
        await record('REFUSED', verdict.namedUserId)
        return null
      }
      const { userId, sessionEpoch: epoch, secondFactors: factors } = verdict
      if (factors.length > 0) {
        // The try stays counted until the sign-in is complete.
        await record('SECOND_FACTOR_REQUIRED', userId)
        return {
          challengeId: await pendings.beginPassword({ userId, epoch, factors, lasting, tries: attempt.key }, origin),
          factors,
        }
      }
      await attempt.succeed()
      const proof = { userId, epoch, lasting, limit: verdict.sessionLimit, amr: ['pwd'], acr: 'aal1' } as const
      return startSession(proof, origin, { ...occasion, method: 'PASSWORD', identifier: email })
    },
  }
}
