/** How the outcome of signing in or of refreshing looks to the caller. */
import type { SessionRecord } from '@latchkey/principal/credential-records'
import type { TokenPair } from '../tokens/service.ts'

interface SignedIn {
  readonly __typename: 'SignedIn'
  readonly accessToken: string
  readonly refreshToken: string
  readonly expiresAt: string
  readonly session: SessionRecord
  readonly user: { readonly id: string }
}

interface SignInRefused {
  readonly __typename: 'SignInRefused'
  readonly remedy: string
}

export type SignInResult = SignedIn | SignInRefused

/** The same words for a wrong password, an unknown address and used-up tries (ASVS 6.3.8). */
export const passwordRefused: SignInRefused = {
  __typename: 'SignInRefused',
  remedy: 'Check the address and the password, or reset the password. After many tries, wait 15 minutes.',
}

export const refreshRefused: SignInRefused = { __typename: 'SignInRefused', remedy: 'Sign in again.' }

/** `signedInHere` learns the objects whose ids the caller may read though they were not signed in when they asked. */
export function signInResult(
  pair: TokenPair | null,
  refused: SignInRefused,
  { signedInHere }: { signedInHere: Set<object> },
): SignInResult {
  if (!pair) return refused
  const { session, expiresAt, accessToken, refreshToken } = pair
  const user = { id: session.userId }
  signedInHere.add(session).add(user)
  return { __typename: 'SignedIn', accessToken, refreshToken, expiresAt: expiresAt.toISOString(), session, user }
}
