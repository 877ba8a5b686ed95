/** A second factor as it is typed: exactly one, of a length that it can have. */
import { badInput } from '@latchkey/problem'
import type { SecondFactor } from './pending.ts'

export interface FactorInput {
  readonly totp?: string | null
  readonly recoveryCode?: string | null
  readonly emailCode?: string | null
  /** JSON, as the browser gave it. */
  readonly passkey?: string | null
}

export interface TypedFactor {
  readonly factor: SecondFactor
  readonly text: string
}

/** Longer than any code, however it is spaced. */
export const codeLengthMax = 64
/** Longer than any answer of an authenticator. */
export const responseLengthMax = 16_384

const kinds = { totp: 'TOTP', recoveryCode: 'RECOVERY_CODE', emailCode: 'EMAIL_CODE', passkey: 'PASSKEY' } as const

/** Throws BAD_USER_INPUT naming what is wrong. */
export function parseFactor(input: FactorInput): TypedFactor {
  const names = ['totp', 'recoveryCode', 'emailCode', 'passkey'] as const
  const [name, ...more] = names.filter((candidate) => input[candidate] != null)
  if (!name || more.length > 0)
    throw badInput({ input: 'must hold exactly one of totp, recoveryCode, emailCode and passkey' })
  const text = input[name] ?? ''
  if (text.length > (name === 'passkey' ? responseLengthMax : codeLengthMax))
    throw badInput({ [`input.${name}`]: 'is longer than it can be' })
  return { factor: kinds[name], text }
}
