/** Signing in: a try, a password, a session, a pair of tokens. */
import { badInput } from '@latchkey/problem'
import { identifierLengthMax } from '../attempts/attempts.ts'
import type { Attempts, Try } from '../attempts/service.ts'
import type { Occasion } from '../ledger/ledger.ts'
import type { LoginOutcome } from '../login-attempts/login-attempt.ts'
import type { LoginAttempts } from '../login-attempts/service.ts'
import type { Sessions } from '../sessions/service.ts'
import type { TokenPair, Tokens } from '../tokens/service.ts'
import type { PasswordCheck, PasswordVerdict } from './password-check.ts'

interface SignInDependencies {
  readonly attempts: Attempts
  readonly loginAttempts: Pick<LoginAttempts, 'record'>
  readonly checkPassword: PasswordCheck
  readonly sessions: Pick<Sessions, 'begin'>
  readonly tokens: Pick<Tokens, 'issue'>
}

export interface Credentials {
  readonly email: string
  readonly password: string
}

/** Where the request came from, as far as that is known. */
export interface Origin {
  readonly address?: string | undefined
  readonly userAgent?: string | undefined
}

export interface SignIn {
  /** The first pair of a new session; null when refused, for whatever reason. BAD_USER_INPUT for what cannot be an address. */
  withPassword(credentials: Credentials, origin: Origin, occasion: Occasion): Promise<TokenPair | null>
}

/** Shorter than any password can be. */
const nobodys = ''

export function createSignIn(dependencies: SignInDependencies): SignIn {
  const { attempts, loginAttempts, checkPassword, sessions, tokens } = dependencies

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
    async withPassword({ email, password }, origin, occasion) {
      const { address, userAgent } = origin
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
      await attempt.succeed()
      await record('SIGNED_IN', verdict.userId)
      const proof = { userId: verdict.userId, epoch: verdict.sessionEpoch, amr: ['pwd'], acr: 'aal1' } as const
      return tokens.issue(await sessions.begin(proof, { ...occasion, userAgent }))
    },
  }
}
