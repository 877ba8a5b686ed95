/** Who may sign in: whoever is nobody yet, and a person once more. */
import { Problem } from '@latchkey/problem'
import { allow, type Rules, rule } from '@latchkey/subgraph/guard'

/** A key or a service that asks for a session would become a person. */
export const mayBecomeSignedIn = rule(
  'mayBecomeSignedIn',
  (_parent, _args, { principal: { kind } }) => kind === 'anonymous' || kind === 'user' || new Problem('FORBIDDEN'),
  { cache: 'principal' },
)

// These objects exist only in the answer to whoever made them; the entities they lead to have rules of their own.
export const signInRules = {
  Mutation: {
    signIn: mayBecomeSignedIn,
    startSecondFactor: mayBecomeSignedIn,
    completeSecondFactor: mayBecomeSignedIn,
    startPasskeySignIn: mayBecomeSignedIn,
    finishPasskeySignIn: mayBecomeSignedIn,
    requestMagicLink: mayBecomeSignedIn,
    signInWithMagicLink: mayBecomeSignedIn,
    signInWithEmailCode: mayBecomeSignedIn,
  },
  StartSecondFactorPayload: allow,
  StartPasskeySignInPayload: allow,
  RequestMagicLinkPayload: allow,
  SignedIn: {
    accessToken: allow,
    refreshToken: allow,
    expiresAt: allow,
    refreshExpiresAt: allow,
    session: allow,
    user: allow,
    deviceToken: allow,
  },
  SecondFactorRequired: { challengeId: allow, factors: allow },
  SessionLimitReached: { limit: allow, remedy: allow },
  SignInRefused: { remedy: allow },
} satisfies Rules
