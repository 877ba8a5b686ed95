/** Signing in: a try, a password, a session, a pair of tokens. */
import { badInput } from '@latchkey/problem'
import { identifierLengthMax } from '../attempts/attempts.ts'
import type { Attempts, Try } from '../attempts/service.ts'
import type { Occasion } from '../ledger/ledger.ts'
import type { Sessions } from '../sessions/service.ts'
import type { TokenPair, Tokens } from '../tokens/service.ts'
import type { PasswordCheck, PasswordVerdict } from './password-check.ts'

interface SignInDependencies {
  readonly attempts: Attempts
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

// Reserved by RFC 2606: no mail reaches it, so it is never verified and never an account that may sign in.
const nobody = 'nobody@latchkey.invalid'

export function createSignIn({ attempts, checkPassword, sessions, tokens }: SignInDependencies): SignIn {
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
    async withPassword({ email, password }, { address, userAgent }, occasion) {
      if (email.trim().length > identifierLengthMax)
        throw badInput({ 'input.email': 'is longer than an address can be' })
      const attempt = await attempts.take(email, address)
      if (!attempt) {
        // The password is not looked at, but costs what it always costs: a quick answer would tell that tries are used up.
        await checkPassword({ email: nobody, password }, occasion.requestId)
        return null
      }
      const verdict = await checked(attempt, { email, password }, occasion.requestId)
      if (verdict.outcome === 'no match') return null
      await attempt.succeed()
      const proof = { userId: verdict.userId, epoch: verdict.sessionEpoch, amr: ['pwd'], acr: 'aal1' } as const
      return tokens.issue(await sessions.begin(proof, { ...occasion, userAgent }))
    },
  }
}
