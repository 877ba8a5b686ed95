/** How the outcome of signing in or of refreshing looks to the caller. */
import type { SessionRecord } from '@latchkey/principal/credential-records'
import type { TokenPair } from '../tokens/service.ts'
import type { Half } from './service.ts'
import type { StartedSession } from './session-start.ts'

interface SignedIn {
  readonly __typename: 'SignedIn'
  readonly accessToken: string
  readonly refreshToken: string
  readonly expiresAt: string
  readonly session: SessionRecord
  readonly user: { readonly id: string }
  readonly deviceToken: string | null
}

interface SignInRefused {
  readonly __typename: 'SignInRefused'
  readonly remedy: string
}

interface SecondFactorRequired extends Half {
  readonly __typename: 'SecondFactorRequired'
}

export type SignInResult = SignedIn | SecondFactorRequired | SignInRefused

/** The same words for a wrong password, an unknown address and used-up tries (ASVS 6.3.8). */
export const passwordRefused: SignInRefused = {
  __typename: 'SignInRefused',
  remedy: 'Check the address and the password, or reset the password. After many tries, wait 15 minutes.',
}

/** The same words for a wrong factor, used-up tries, and a sign-in that is over. */
export const factorRefused: SignInRefused = {
  __typename: 'SignInRefused',
  remedy: 'Try another code, or sign in from the beginning. After many tries, wait 15 minutes.',
}

export const passkeyRefused: SignInRefused = {
  __typename: 'SignInRefused',
  remedy: 'Try once more from the beginning, or sign in with your password.',
}

/** The same words for a wrong proof, used-up tries, and one that this account or session does not take. */
export const stepUpRefused: SignInRefused = {
  __typename: 'SignInRefused',
  remedy:
    'Try another proof: a second factor where you have one, else your password. After many tries, wait 15 minutes.',
}

export const refreshRefused: SignInRefused = { __typename: 'SignInRefused', remedy: 'Sign in again.' }

/** `signedInHere` learns the objects whose ids the caller may read though they were not signed in when they asked. */
export function signInResult(
  pair: StartedSession | TokenPair | Half | null,
  refused: SignInRefused,
  { signedInHere }: { signedInHere: Set<object> },
): SignInResult {
  if (!pair) return refused
  if ('challengeId' in pair) return { __typename: 'SecondFactorRequired', ...pair }
  const { session, expiresAt, accessToken, refreshToken } = pair
  const user = { id: session.userId }
  signedInHere.add(session).add(user)
  const deviceToken = 'deviceToken' in pair ? pair.deviceToken : null
  const tokens = { accessToken, refreshToken, expiresAt: expiresAt.toISOString(), deviceToken }
  return { __typename: 'SignedIn', ...tokens, session, user }
}
