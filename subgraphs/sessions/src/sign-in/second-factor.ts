/** The second half of signing in: a factor besides the first one that was right. */
import type { Attempts, Try } from '../attempts/service.ts'
import type { Stops } from '../attempts/stops.ts'
import type { Devices } from '../devices/service.ts'
import type { Occasion } from '../ledger/ledger.ts'
import type { LoginOutcome } from '../login-attempts/login-attempt.ts'
import type { LoginAttempts } from '../login-attempts/service.ts'
import type { Asking } from '../users-question.ts'
import type { FactorCheck, FactorVerdict, ShownFactor } from './factor-check.ts'
import { methodsOf, type PendingHalf } from './pending.ts'
import type { Origin, Pendings } from './pendings.ts'
import type { StartedSession, StartSession, TurnedAway } from './session-start.ts'
import { type FactorInput, parseFactor, type TypedFactor } from './shown-factor.ts'
import type { TrustedDevices } from './trusted-devices.ts'

export interface SecondFactorDependencies {
  readonly pendings: Pendings
  readonly attempts: Pick<Attempts, 'takeFactor' | 'settle'>
  readonly stops: Pick<Stops, 'after'>
  readonly devices: Pick<Devices, 'knownTo'>
  readonly loginAttempts: Pick<LoginAttempts, 'record'>
  readonly factorCheck: FactorCheck
  readonly startSession: StartSession
  readonly trustedDevices: Pick<TrustedDevices, 'trust'>
}

export interface CompleteInput extends FactorInput {
  readonly challengeId: string
  /** Whether a second factor may be left out here from now on. */
  readonly trustDevice?: boolean | null
}

export interface StartInput {
  readonly challengeId: string
  readonly factor: 'PASSKEY' | 'EMAIL_CODE'
}

export interface Started {
  readonly outcome: 'STARTED' | 'REFUSED'
  /** What the browser asks the authenticator with. */
  readonly options: string | null
}

export interface SecondFactors {
  /** Asks for what a passkey has to sign, or has a code sent. */
  start(input: StartInput, origin: Origin, occasion: Occasion): Promise<Started>
  /**
   * The first pair of a new session; null when refused, for whatever reason. Ten wrong factors of an account in 15 minutes,
   * of whatever kind and from wherever, and none is evaluated, save those of a device that the account knows, which has its own
   * ten; five of one pending sign-in, and it is over. RATE_LIMITED and FORBIDDEN for a network.
   */
  complete(input: CompleteInput, origin: Origin, occasion: Occasion): Promise<StartedSession | TurnedAway | null>
}

/** Of no account, so that nothing is evaluated: a quick answer would tell that tries are used up. */
const nobody = 'usr_nobody'

const refused: Started = { outcome: 'REFUSED', options: null }

export function createSecondFactors(dependencies: SecondFactorDependencies): SecondFactors {
  const { pendings, attempts, stops, devices, loginAttempts, factorCheck, startSession, trustedDevices } = dependencies

  /** A challenge is worth one answer, right or wrong. */
  async function shownOf(id: string, { factor, text }: TypedFactor): Promise<ShownFactor> {
    if (factor !== 'PASSKEY') return { factor, text }
    return { factor, proof: { challenge: (await pendings.takeChallenge(id)) ?? '', response: text } }
  }

  /** A check that did not take place leaves the tries untouched: an outage must not lock anybody out. */
  async function checked(attempt: Try, question: Parameters<FactorCheck['check']>[0], asking: Asking) {
    try {
      return await factorCheck.check(question, asking)
    } catch (failure) {
      await Promise.all([attempt.giveBack(), pendings.giveBackTry(question.reference)])
      throw failure
    }
  }

  /** Whether the account is still the one whose first factor was right, and nobody else has gone on with this sign-in. */
  async function completed(id: string, { userId, epoch }: PendingHalf, verdict: FactorVerdict) {
    if (verdict.outcome === 'no match' || verdict.userId !== userId || verdict.sessionEpoch !== epoch) return null
    return (await pendings.end(id)) === 'ended' ? verdict : null
  }

  return {
    async start({ challengeId: id, factor }, origin, { requestId }) {
      const pending = await pendings.find(id, 'half', origin)
      if (!pending?.factors.includes(factor)) return refused
      const { userId } = pending
      const asking = { ...origin, requestId }
      if (factor === 'EMAIL_CODE') {
        const sent = await factorCheck.sendEmailCode({ userId, reference: id }, asking)
        return sent === 'SENT' ? { outcome: 'STARTED', options: null } : refused
      }
      const challenge = pendings.newChallenge()
      await pendings.keepChallenge(id, challenge)
      return { outcome: 'STARTED', options: await factorCheck.passkeyOptions({ challenge, userId }, asking) }
    },

    async complete({ challengeId: id, trustDevice, ...input }, origin, occasion) {
      const typed = parseFactor(input)
      const pending = await pendings.find(id, 'half', origin)
      if (!pending?.factors.includes(typed.factor) || !(await pendings.takeTry(id))) return null
      const { userId } = pending
      const asking = { ...origin, requestId: occasion.requestId }
      const device = devices.knownTo(userId, origin.deviceToken)
      const attempt = await attempts.takeFactor(userId, { address: origin.address, device }).catch(async (refusal) => {
        await pendings.giveBackTry(id)
        throw refusal
      })
      const { id: attemptId, at, deviceId } = attempt
      const made = { method: 'SECOND_FACTOR', userId, id: attemptId, at, deviceId } as const
      const record = (outcome: LoginOutcome) => loginAttempts.record({ ...made, outcome }, asking)
      const shown = await shownOf(id, typed)
      if (attempt.outcome === 'locked') {
        await checked(attempt, { userId: nobody, reference: id, shown }, asking)
        await record('LOCKED')
        return null
      }
      const judged = await checked(attempt, { userId, reference: id, shown }, asking)
      const verdict = await completed(id, pending, judged)
      if (!verdict) {
        await record('REFUSED')
        stops.after(attempt, userId, asking)
        return null
      }
      const forgave = await attempts.settle([...attempt.reservations, ...pending.tries])
      const { epoch, lasting } = pending
      const proved = { amr: methodsOf(pending.first, typed.factor), acr: 'aal2' } as const
      const proof = { userId, epoch, lasting, limit: verdict.sessionLimit, ...proved }
      const started = await startSession(proof, origin, { ...occasion, made: { ...made, forgave } })
      if (trustDevice === true && 'deviceId' in started) {
        const trusting = trustedDevices.trust({ userId, deviceId: started.deviceId, sessionEpoch: epoch }, asking)
        // Whoever has waited once in this sign-in, in vain, does not wait again for the same.
        if (pending.trust !== 'not known') await trusting
      }
      return started
    },
  }
}
