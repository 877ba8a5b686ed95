/** Second factors: what an account has, and what a change of it brings about. Pure. */
import type { UserPrincipal } from '@latchkey/principal'
import { Problem } from '@latchkey/problem'

/** What proves who somebody is besides the password; the strongest first. */
export type SecondFactor = 'PASSKEY' | 'TOTP' | 'RECOVERY_CODE' | 'EMAIL_CODE'

/** What a person enrols. Recovery codes come with the first of them and go with the last. */
export interface FactorSet {
  readonly totp: boolean
  readonly passkeys: number
  readonly emailCodes: boolean
}

/** What an account has at one moment. */
export interface FactorState extends FactorSet {
  /** Grows with every change of the factors: a change decided on an older one is not made. */
  readonly grantsEpoch: number
  readonly hasPassword: boolean
  /** Its password is shorter than one may be without a factor beside it. */
  readonly passwordNeedsFactor: boolean
  readonly recoveryCodesLeft: number
  /** Whether one of its roles asks for a second factor, now or when its grace ends. */
  readonly demanded: boolean
}

const isEmpty = ({ totp, passkeys, emailCodes }: FactorSet): boolean => !totp && passkeys === 0 && !emailCodes

/** A mailbox proves little that the reset of a password does not prove too (NIST SP 800-63B-4 section 3.1.3.1). */
export const meetsDemand = ({ totp, passkeys }: Pick<FactorSet, 'totp' | 'passkeys'>): boolean => totp || passkeys > 0

/**
 * Those that will do besides the password, the strongest first; empty when nothing is asked besides it. Where a role asks for
 * a factor and one that meets that is there, a code by mail will not do in its place: the mailbox resets the password too.
 */
export function enrolledFactors(
  state: FactorSet & Pick<FactorState, 'recoveryCodesLeft' | 'demanded'>,
): readonly SecondFactor[] {
  if (isEmpty(state)) return []
  const { totp, passkeys, emailCodes, recoveryCodesLeft } = state
  const having: readonly (readonly [SecondFactor, boolean])[] = [
    ['PASSKEY', passkeys > 0],
    ['TOTP', totp],
    ['RECOVERY_CODE', recoveryCodesLeft > 0],
    ['EMAIL_CODE', emailCodes && !(state.demanded && meetsDemand(state))],
  ]
  return having.filter(([, has]) => has).map(([factor]) => factor)
}

/** What a change does to the rest of the account. */
export interface ChangeEffect {
  /** `issue`: ten new ones instead of all old ones. */
  readonly recoveryCodes: 'issue' | 'drop' | 'keep'
  /** Sessions that began with the password alone, while there was nothing else, have proved too little. */
  readonly otherSessions: 'end' | 'keep'
}

export function effectOf(before: FactorSet, after: FactorSet): ChangeEffect {
  if (isEmpty(before) && !isEmpty(after)) return { recoveryCodes: 'issue', otherSessions: 'end' }
  return { recoveryCodes: isEmpty(after) ? 'drop' : 'keep', otherSessions: 'keep' }
}

/**
 * Throws CONFLICT when the change would leave the account without a way in, without the factor that a role asks for, or with a
 * password that is too short without one (ASVS 6.2.1).
 */
export function refuseLoss(before: FactorState, after: FactorSet): void {
  if (before.passkeys > 0 && after.passkeys === 0 && !before.hasPassword)
    throw new Problem('CONFLICT', 'the last way in', {
      message: 'This passkey is the only way into the account. Set a password or add another passkey first.',
    })
  if (before.demanded && meetsDemand(before) && !meetsDemand(after))
    throw new Problem('CONFLICT', 'a role demands a second factor', {
      message: 'One of your roles asks for a second factor. Add another passkey or authenticator app first.',
    })
  if (before.passwordNeedsFactor && meetsDemand(before) && !meetsDemand(after))
    throw new Problem('CONFLICT', 'the password is too short without a factor', {
      message:
        'Your password is too short to stand without a second factor. Change it to one of 12 characters or more first.',
    })
}

/** By a passkey, which is two factors by itself. */
export const provedByPasskey = ({ amr }: Pick<UserPrincipal, 'amr'>): boolean => amr.includes('hwk')

/** By a passkey, or by the password together with a one-time code that did not come by mail: as strong as a passkey. */
export const provedLikePasskey = ({ amr }: Pick<UserPrincipal, 'amr'>): boolean =>
  provedByPasskey({ amr }) || (amr.includes('pwd') && amr.includes('otp'))
