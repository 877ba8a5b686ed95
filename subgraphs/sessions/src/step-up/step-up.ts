/** A step-up: what a proof of somebody who is signed in makes of their session. */
import { minuteMs } from '@latchkey/clock'
import type { SessionRecord } from '@latchkey/principal/credential-records'
import { badInput } from '@latchkey/problem'
import type { ShownNow } from '../sessions/store.ts'
import { type SecondFactor, secondMethods } from '../sign-in/pending.ts'
import { type FactorInput, parseFactor } from '../sign-in/shown-factor.ts'

/** How long two factors count for a session that began with one. */
export const raisedForMs = 10 * minuteMs

export interface StepUpInput extends FactorInput {
  readonly password?: string | null
}

/** One proof, as it was typed. */
export interface TypedProof {
  readonly by: 'PASSWORD' | SecondFactor
  readonly text: string
}

/** Throws BAD_USER_INPUT unless there is exactly one. */
export function parseProof({ password, ...factors }: StepUpInput): TypedProof {
  if (password == null) {
    const { factor: by, text } = parseFactor(factors)
    return { by, text }
  }
  if (Object.values(factors).some((other) => other != null))
    throw badInput({ input: 'must hold exactly one of password, totp, recoveryCode, emailCode and passkey' })
  return { by: 'PASSWORD', text: password }
}

/**
 * Whether it proves anything of an account with these factors. Its password alone is no more than half of a sign-in where
 * there are any; a mailed code is the second half of one that began with a password, since the mail may have begun any other.
 */
export function isWorth(by: TypedProof['by'], factors: readonly SecondFactor[], { amr }: SessionRecord): boolean {
  if (by === 'PASSWORD') return factors.length === 0
  return factors.includes(by) && (by !== 'EMAIL_CODE' || amr.includes('pwd'))
}

const firstOf = (amr: readonly string[]) => amr.filter((method) => method === 'pwd' || method === 'mca')

/**
 * A password proves that it is them, and is one factor: where it is enough there is no second one, and what the session began with
 * is no longer there to be shown. Anything else, beside the first factor that the session began with, is two. A second
 * factor of the sign-in was not shown now: a code by mail must not pass for the passkey of last week.
 */
export function shownBy(by: TypedProof['by'], { amr }: SessionRecord, nowMs: number): ShownNow {
  const shown = by === 'PASSWORD' ? ['pwd'] : secondMethods[by]
  const methods = [...new Set([...firstOf(amr), ...shown])]
  return by === 'PASSWORD' ? { amr: methods } : { amr: methods, untilMs: nowMs + raisedForMs }
}
