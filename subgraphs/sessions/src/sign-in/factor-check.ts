/** What signing in needs to know of second factors and passkeys. Users answers it; none of them is kept or compared here. */
import type { SessionLimit } from '../sessions/session.ts'
import type { Asking } from '../users-question.ts'
import type { SecondFactor } from './pending.ts'

/** The answer of a passkey, and what it was asked. */
export interface PasskeyProof {
  readonly challenge: string
  /** JSON, as the browser gave it. */
  readonly response: string
}

export type ShownFactor =
  | { readonly factor: Exclude<SecondFactor, 'PASSKEY'>; readonly text: string }
  | { readonly factor: 'PASSKEY'; readonly proof: PasskeyProof }

export type FactorVerdict =
  | {
      readonly outcome: 'match'
      readonly userId: string
      readonly sessionEpoch: number
      /** `null`: the usual one. */
      readonly sessionLimit: SessionLimit | null
    }
  | { readonly outcome: 'no match' }

/** What an account proves itself with. */
export interface Means {
  /** What its password is counted and checked by. */
  readonly email: string
  /** Besides the password, the strongest first; empty: the password alone will do. */
  readonly factors: readonly SecondFactor[]
}

/** Each rejects with UNAVAILABLE when nobody can say. */
export interface FactorCheck {
  /** Whether it is right for the account; it is used up then. `reference` names the pending sign-in. */
  check(question: { userId: string; reference: string; shown: ShownFactor }, asking: Asking): Promise<FactorVerdict>
  /** Whose passkey it is. */
  checkPasskey(proof: PasskeyProof, asking: Asking): Promise<FactorVerdict>
  /** JSON for `navigator.credentials.get`; without an account the authenticator names the passkeys that it knows. */
  passkeyOptions(question: { challenge: string; userId: string | null }, asking: Asking): Promise<string>
  /** What the account can prove itself with; null when it is gone. */
  means(userId: string, asking: Asking): Promise<Means | null>
  /** For a sign-in, unless it says for what else. */
  sendEmailCode(
    question: { userId: string; reference: string; purpose?: 'STEP_UP' },
    asking: Asking,
  ): Promise<'SENT' | 'NOT_SENT'>
}
