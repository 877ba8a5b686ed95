/** Signing in with a password: a try, a check, and what follows on it. */
import { badInput } from '@latchkey/problem'
import { identifierLengthMax } from '../attempts/attempts.ts'
import type { Attempts } from '../attempts/service.ts'
import type { Devices } from '../devices/service.ts'
import type { Occasion } from '../ledger/ledger.ts'
import type { LoginOutcome } from '../login-attempts/login-attempt.ts'
import type { LoginAttempts } from '../login-attempts/service.ts'
import { type GoOn, type Half, orGiveBack } from './first-factor.ts'
import type { PasswordCheck, RightPassword } from './password-check.ts'
import type { Origin } from './pendings.ts'
import type { StartedSession } from './session-start.ts'
import type { TrustedDevices } from './trusted-devices.ts'

interface SignInDependencies {
  readonly attempts: Attempts
  readonly loginAttempts: Pick<LoginAttempts, 'record'>
  readonly checkPassword: PasswordCheck
  readonly devices: Pick<Devices, 'recognise'>
  readonly trustedDevices: Pick<TrustedDevices, 'isTrusted'>
  readonly goOn: GoOn
}

export interface Credentials {
  readonly email: string
  readonly password: string
}

export interface SignIn {
  /**
   * The first pair of a new session, or what is still asked for; null when refused, for whatever reason. BAD_USER_INPUT for
   * what cannot be an address.
   */
  withPassword(credentials: Credentials, origin: Origin, occasion: Occasion): Promise<StartedSession | Half | null>
}

/** Shorter than any password can be. */
const nobodys = ''

export function createSignIn(dependencies: SignInDependencies): SignIn {
  const { attempts, loginAttempts, checkPassword, devices, trustedDevices, goOn } = dependencies

  /** A device that another account knows is none of this one's. */
  async function isOnTrustedDevice({ userId, sessionEpoch }: RightPassword, origin: Origin, { requestId }: Occasion) {
    const known = devices.recognise(origin.deviceToken)
    if (known?.userId !== userId) return false
    return trustedDevices.isTrusted({ userId, deviceId: known.deviceId, sessionEpoch }, { ...origin, requestId })
  }

  return {
    async withPassword({ email, password }, origin, occasion) {
      const { address } = origin
      const record = (outcome: LoginOutcome, userId: string | null) =>
        loginAttempts.record(
          { method: 'PASSWORD', outcome, userId, identifier: email },
          { ...origin, requestId: occasion.requestId },
        )
      if (email.trim().length > identifierLengthMax)
        throw badInput({ 'input.email': 'is longer than an address can be' })
      const attempt = await attempts.take(email, address)
      if (!attempt) {
        // What was typed is not looked at: nobody's password is checked in its place, at the price of any wrong one. A quick
        // answer would tell that tries are used up.
        const { namedUserId } = await checkPassword({ email, password: nobodys }, occasion.requestId)
        await record('LOCKED', namedUserId)
        return null
      }
      const verdict = await orGiveBack(attempt, checkPassword({ email, password }, occasion.requestId))
      if (verdict.outcome === 'no match') {
        await record('REFUSED', verdict.namedUserId)
        return null
      }
      const { userId, sessionEpoch: epoch, secondFactors } = verdict
      const proved = { first: 'pwd', userId, epoch, attempt, identifier: email } as const
      if (secondFactors.length > 0 && (await isOnTrustedDevice(verdict, origin, occasion)))
        return goOn({ ...proved, method: 'TRUSTED_DEVICE', factors: [] }, origin, occasion)
      return goOn({ ...proved, method: 'PASSWORD', factors: secondFactors }, origin, occasion)
    },
  }
}
