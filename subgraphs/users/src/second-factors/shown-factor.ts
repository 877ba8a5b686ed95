/** A factor as it is handed over: exactly one of the kinds. */
import { badInput } from '@latchkey/problem'
import type { PasskeyProof } from '../passkeys/assertions.ts'
import type { ShownFactor } from './service.ts'

export interface ShownFactorInput {
  readonly totp?: string | null
  readonly recoveryCode?: string | null
  readonly emailCode?: string | null
  readonly passkey?: PasskeyProof | null
}

/** Throws BAD_USER_INPUT unless there is exactly one. */
export function shownFactorOf({ totp, recoveryCode, emailCode, passkey }: ShownFactorInput): ShownFactor {
  const shown: ShownFactor[] = []
  if (totp != null) shown.push({ factor: 'TOTP', text: totp })
  if (recoveryCode != null) shown.push({ factor: 'RECOVERY_CODE', text: recoveryCode })
  if (emailCode != null) shown.push({ factor: 'EMAIL_CODE', text: emailCode })
  if (passkey != null) shown.push({ factor: 'PASSKEY', proof: passkey })
  const [only] = shown
  if (!only || shown.length > 1) throw badInput({ shown: 'must be exactly one factor' })
  return only
}
