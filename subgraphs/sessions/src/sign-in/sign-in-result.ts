/** How the outcome of signing in or of refreshing looks to the caller. */
import type { SessionRecord } from '@latchkey/principal/credential-records'
import type { TokenPair } from '../tokens/service.ts'
import type { Half } from './first-factor.ts'
import type { StartedSession, TurnedAway } from './session-start.ts'

interface SignedIn {
  readonly __typename: 'SignedIn'
  readonly accessToken: string
  readonly refreshToken: string
  readonly expiresAt: string
  readonly refreshExpiresAt: string
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

interface SessionLimitReached {
  readonly __typename: 'SessionLimitReached'
  readonly limit: number
  readonly remedy: string
}

export type SignInResult = SignedIn | SecondFactorRequired | SessionLimitReached | SignInRefused

const tooManySessions = (limit: number): SessionLimitReached => ({
  __typename: 'SessionLimitReached',
  limit,
  remedy: 'Sign out on another device, or reset the password, which ends every session.',
})

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

/** The same words for a wrong, a used and an old one, for used-up tries, and for an account that may not sign in. */
export const mailRefused: SignInRefused = {
  __typename: 'SignInRefused',
  remedy: 'Ask for another mail, or sign in in another way. After many tries, wait 15 minutes.',
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
  pair: StartedSession | TokenPair | TurnedAway | Half | null,
  refused: SignInRefused,
  { signedInHere }: { signedInHere: Set<object> },
): SignInResult {
  if (!pair) return refused
  if ('challengeId' in pair) return { __typename: 'SecondFactorRequired', ...pair }
  if ('sessionsMax' in pair) return tooManySessions(pair.sessionsMax)
  const { session, accessToken, refreshToken } = pair
  const user = { id: session.userId }
  signedInHere.add(session).add(user)
  const ends = { expiresAt: pair.expiresAt.toISOString(), refreshExpiresAt: pair.refreshExpiresAt.toISOString() }
  const tokens = { accessToken, refreshToken, deviceToken: 'deviceToken' in pair ? pair.deviceToken : null }
  return { __typename: 'SignedIn', ...tokens, ...ends, session, user }
}
