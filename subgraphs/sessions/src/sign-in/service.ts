/** Signing in with a password: a try, a check, and what follows on it. */
import { badInput } from '@latchkey/problem'
import { identifierLengthMax } from '../attempts/identifier.ts'
import type { Attempts } from '../attempts/service.ts'
import type { Stops } from '../attempts/stops.ts'
import type { Devices } from '../devices/service.ts'
import type { Occasion } from '../ledger/ledger.ts'
import type { LoginOutcome } from '../login-attempts/login-attempt.ts'
import type { LoginAttempts } from '../login-attempts/service.ts'
import { lastingOf } from '../sessions/session.ts'
import { type GoOn, type Half, orGiveBack } from './first-factor.ts'
import type { PasswordCheck, RightPassword } from './password-check.ts'
import type { Origin } from './pendings.ts'
import type { StartedSession, TurnedAway } from './session-start.ts'
import type { DeviceTrust, TrustedDevices } from './trusted-devices.ts'

interface SignInDependencies {
  readonly attempts: Pick<Attempts, 'take'>
  readonly stops: Pick<Stops, 'after'>
  readonly loginAttempts: Pick<LoginAttempts, 'record'>
  readonly checkPassword: PasswordCheck
  readonly devices: Pick<Devices, 'knownTo' | 'knownToNamed'>
  readonly trustedDevices: Pick<TrustedDevices, 'trustIn'>
  readonly goOn: GoOn
}

export interface Credentials {
  readonly email: string
  readonly password: string
  readonly rememberMe?: boolean | null
}

export interface SignIn {
  /**
   * The first pair of a new session, or what is still asked for; null when refused, for whatever reason. BAD_USER_INPUT for
   * what cannot be an address, RATE_LIMITED or FORBIDDEN for a network.
   */
  withPassword(
    credentials: Credentials,
    origin: Origin,
    occasion: Occasion,
  ): Promise<StartedSession | TurnedAway | Half | null>
}

/** Shorter than any password can be. */
const nobodys = ''

export function createSignIn(dependencies: SignInDependencies): SignIn {
  const { attempts, stops, loginAttempts, checkPassword, devices, trustedDevices, goOn } = dependencies

  /** Nobody is asked where no second factor could be left out. */
  async function trustOf(
    { userId, sessionEpoch, secondFactors }: RightPassword,
    origin: Origin,
    { requestId }: Occasion,
  ): Promise<DeviceTrust> {
    const known = secondFactors.length > 0 ? devices.knownTo(userId, origin.deviceToken) : null
    if (!known) return 'not trusted'
    return trustedDevices.trustIn({ userId, deviceId: known.deviceId, sessionEpoch }, { ...origin, requestId })
  }

  return {
    async withPassword({ email, password, rememberMe }, origin, occasion) {
      const { address, deviceToken } = origin
      const { requestId } = occasion
      if (email.trim().length > identifierLengthMax)
        throw badInput({ 'input.email': 'is longer than an address can be' })
      const device = await devices.knownToNamed(email, deviceToken, requestId)
      const attempt = await attempts.take(email, { address, device })
      const { id, at, deviceId } = attempt
      const asking = { ...origin, requestId }
      const record = (outcome: LoginOutcome, userId: string | null) =>
        loginAttempts.record({ method: 'PASSWORD', outcome, userId, identifier: email, id, at, deviceId }, asking)
      if (attempt.outcome === 'locked') {
        // What was typed is not looked at: nobody's password is checked in its place, at the price of any wrong one. A quick
        // answer would tell that tries are used up.
        const { namedUserId } = await orGiveBack(attempt, checkPassword({ email, password: nobodys }, requestId))
        await record('LOCKED', namedUserId)
        return null
      }
      const verdict = await orGiveBack(attempt, checkPassword({ email, password }, requestId))
      if (verdict.outcome === 'no match') {
        await record('REFUSED', verdict.namedUserId)
        stops.after(attempt, verdict.namedUserId, asking)
        return null
      }
      const { userId, sessionEpoch: epoch, secondFactors, sessionLimit: limit } = verdict
      const lasting = lastingOf(rememberMe)
      const proved = { first: 'pwd', userId, epoch, lasting, limit, attempt, identifier: email } as const
      const trust = await trustOf(verdict, origin, occasion)
      if (trust === 'trusted') return goOn({ ...proved, method: 'TRUSTED_DEVICE', factors: [] }, origin, occasion)
      return goOn({ ...proved, method: 'PASSWORD', factors: secondFactors, trust }, origin, occasion)
    },
  }
}
