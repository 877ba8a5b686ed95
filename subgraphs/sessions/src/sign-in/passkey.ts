/** Signing in with a passkey and nothing else: it says who it is, and it is two factors. */
import { badInput } from '@latchkey/problem'
import type { Attempts } from '../attempts/service.ts'
import type { Occasion } from '../ledger/ledger.ts'
import type { LoginAttempts } from '../login-attempts/service.ts'
import { lastingOf } from '../sessions/session.ts'
import type { FactorCheck } from './factor-check.ts'
import { orGiveBack } from './first-factor.ts'
import { passkeyMethods } from './pending.ts'
import type { Origin, Pendings } from './pendings.ts'
import type { StartedSession, StartSession, TurnedAway } from './session-start.ts'
import { responseLengthMax } from './shown-factor.ts'

export interface PasskeySignInDependencies {
  readonly pendings: Pendings
  readonly attempts: Pick<Attempts, 'ask' | 'takeAnonymous' | 'settle'>
  readonly loginAttempts: Pick<LoginAttempts, 'record'>
  readonly factorCheck: Pick<FactorCheck, 'checkPasskey' | 'passkeyOptions'>
  readonly startSession: StartSession
}

export interface StartInput {
  readonly rememberMe?: boolean | null
}

export interface FinishInput {
  readonly challengeId: string
  /** JSON, as the browser gave it. */
  readonly response: string
}

export interface PasskeySignIn {
  /** The same for everybody: no address is asked for, and none is told. RATE_LIMITED and FORBIDDEN for a network. */
  start(
    input: StartInput,
    origin: Origin,
    occasion: Occasion,
  ): Promise<{ readonly challengeId: string; readonly options: string }>
  /**
   * The first pair of a new session; null when refused. A challenge is worth one answer, right or wrong. RATE_LIMITED and FORBIDDEN
   * for a network.
   */
  finish(input: FinishInput, origin: Origin, occasion: Occasion): Promise<StartedSession | TurnedAway | null>
}

export function createPasskeySignIn(dependencies: PasskeySignInDependencies): PasskeySignIn {
  const { pendings, attempts, loginAttempts, factorCheck, startSession } = dependencies

  /** A check that did not take place leaves the try untouched. */
  return {
    async start({ rememberMe }, origin, { requestId }) {
      await attempts.ask(origin.address)
      const { id, challenge } = await pendings.beginPasskey({ lasting: lastingOf(rememberMe) }, origin)
      const options = await factorCheck.passkeyOptions({ challenge, userId: null }, { ...origin, requestId })
      return { challengeId: id, options }
    },
    async finish({ challengeId: id, response }, origin, occasion) {
      if (response.length > responseLengthMax) throw badInput({ 'input.response': 'is longer than it can be' })
      const asking = { ...origin, requestId: occasion.requestId }
      const pending = await pendings.find(id, 'passkey', origin)
      if (!pending) return null
      const attempt = await attempts.takeAnonymous(origin.address)
      const made = { method: 'PASSKEY', id: attempt.id, at: attempt.at } as const
      const challenge = await pendings.takeChallenge(id)
      if (!challenge) {
        await attempt.giveBack()
        return null
      }
      await pendings.end(id)
      const verdict = await orGiveBack(attempt, factorCheck.checkPasskey({ challenge, response }, asking))
      if (verdict.outcome === 'no match') {
        await loginAttempts.record({ ...made, outcome: 'REFUSED' }, asking)
        return null
      }
      const { userId, sessionEpoch: epoch, sessionLimit: limit } = verdict
      const forgave = await attempts.settle(attempt.reservations)
      const proof = { userId, epoch, lasting: pending.lasting, limit, amr: passkeyMethods, acr: 'aal2' } as const
      return startSession(proof, origin, { ...occasion, made: { ...made, forgave } })
    },
  }
}
