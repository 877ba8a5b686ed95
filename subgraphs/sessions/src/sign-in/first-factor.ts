/** What follows on a first proof of who somebody is: one thing more that is asked for, or a session. */
import type { Attempts, Try } from '../attempts/service.ts'
import type { Occasion } from '../ledger/ledger.ts'
import type { LoginMethod } from '../login-attempts/login-attempt.ts'
import type { LoginAttempts } from '../login-attempts/service.ts'
import type { Lasting, SessionLimit } from '../sessions/session.ts'
import type { FirstMethod, SecondFactor } from './pending.ts'
import type { Origin, Pendings } from './pendings.ts'
import type { StartedSession, StartSession, TurnedAway } from './session-start.ts'
import type { DeviceTrust } from './trusted-devices.ts'

export interface FirstFactor {
  readonly method: LoginMethod
  readonly first: FirstMethod
  readonly userId: string
  /** The account's session epoch when it was right. */
  readonly epoch: number
  readonly lasting: Lasting
  /** `null`: the usual one. */
  readonly limit: SessionLimit | null
  /** What is asked for besides, the strongest first; empty: nothing. */
  readonly factors: readonly SecondFactor[]
  /** Of the device, where somebody was asked. */
  readonly trust?: DeviceTrust
  /** The try that it cost. */
  readonly attempt: Try
  /** As it was typed; nothing where no address was. */
  readonly identifier?: string | undefined
}

/** It was right; it is one of two things that are asked for. */
export interface Half {
  readonly challengeId: string
  readonly factors: readonly SecondFactor[]
}

export type GoOn = (
  proved: FirstFactor,
  origin: Origin,
  occasion: Occasion,
) => Promise<StartedSession | TurnedAway | Half>

/** A check that did not take place leaves the try untouched: an outage must not lock anybody out. */
export async function orGiveBack<Verdict>(attempt: Try, check: Promise<Verdict>): Promise<Verdict> {
  try {
    return await check
  } catch (failure) {
    await attempt.giveBack()
    throw failure
  }
}

interface FirstFactorDependencies {
  readonly attempts: Pick<Attempts, 'settle'>
  readonly loginAttempts: Pick<LoginAttempts, 'record'>
  readonly pendings: Pick<Pendings, 'beginHalf'>
  readonly startSession: StartSession
}

export const createGoOn =
  ({ attempts, loginAttempts, pendings, startSession }: FirstFactorDependencies): GoOn =>
  async ({ method, first, userId, epoch, lasting, limit, factors, trust, attempt, identifier }, origin, occasion) => {
    const { id, at, deviceId, reservations: tries } = attempt
    const made = { method, id, at, deviceId, ...(identifier !== undefined && { identifier }) }
    if (factors.length > 0) {
      // The try stays counted until the sign-in is complete.
      const asked = { ...origin, requestId: occasion.requestId }
      await loginAttempts.record({ ...made, outcome: 'SECOND_FACTOR_REQUIRED', userId }, asked)
      const half = { first, userId, epoch, lasting, factors, tries, ...(trust === 'not known' && { trust }) }
      return { challengeId: await pendings.beginHalf(half, origin), factors }
    }
    const forgave = await attempts.settle(tries)
    const proof = { userId, epoch, lasting, limit, amr: [first], acr: 'aal1' } as const
    return startSession(proof, origin, { ...occasion, made: { ...made, forgave } })
  }
