/** Why a stream ends, as its client is told, and as it is counted. */
import { Problem, type ProblemCode } from '@latchkey/problem'
import { GraphQLError } from 'graphql'

/** A closed list: each is a label of a metric. */
export type WhyEnded =
  | 'client left'
  | 'refused'
  | 'expired'
  | 'unavailable'
  | 'slow reader'
  | 'lasted'
  | 'closing'
  | 'fault'

export interface Ending {
  readonly why: WhyEnded
  /** What is told last; `null`: nobody is there to be told. */
  readonly thrown: unknown
}

/** Within this a client comes back, so that not all of them come at once. */
const comeBackWithinMs = 3_000

const comeBack = (reason: string, message: string, random: number): Problem =>
  new Problem('UNAVAILABLE', reason, { reason, message, retryAfterMs: Math.ceil(random * comeBackWithinMs) })

export const left: Ending = { why: 'client left', thrown: null }

export const lasted = (random: number): Ending => ({
  why: 'lasted',
  thrown: comeBack('LASTED_ITS_TIME', 'This stream has lasted as long as one may. Open another.', random),
})

export const closing = (random: number): Ending => ({
  why: 'closing',
  thrown: comeBack(
    'SHUTTING_DOWN',
    'This gateway is shutting down. Open the stream again: another one answers.',
    random,
  ),
})

/** What keeps streams from outliving what they rest upon is gone: they end, whoever holds them. */
export const unheard = (random: number): Ending => ({
  why: 'unavailable',
  thrown: comeBack(
    'NOT_HEARD',
    'What ends streams cannot be heard just now, so they end. Open the stream again.',
    random,
  ),
})

export const slowReader = (random: number): Ending => ({
  why: 'slow reader',
  thrown: comeBack('SLOW_READER', 'More has happened than was read of this stream. Open it again.', random),
})

/** In the words of `SessionEndReason`, and of what refuses a key. */
export const expiredReason = 'EXPIRED'

const overReasons: readonly unknown[] = [expiredReason, 'SESSION_ENDED']

/** Whether whoever is refused has run out of time, and was ended by nobody: a store may have forgotten what was over. */
export const ranOut = (thrown: unknown): boolean =>
  thrown instanceof Problem && thrown.code === 'CREDENTIAL_REJECTED' && overReasons.includes(thrown.facts.reason)

export const expired: Ending = {
  why: 'expired',
  thrown: new Problem('CREDENTIAL_REJECTED', 'its time was over', { reason: expiredReason }),
}

const reasons: Partial<Record<ProblemCode, string>> = {
  CREDENTIAL_REJECTED: 'CREDENTIAL_ENDED',
  UNAUTHENTICATED: 'CREDENTIAL_ENDED',
  FORBIDDEN: 'NOT_PERMITTED_ANY_MORE',
  STEP_UP_REQUIRED: 'PROOF_TOO_OLD',
  RATE_LIMITED: 'SPENT',
  UNAVAILABLE: 'NOT_JUDGED',
}

/** Whoever was looked at again and is refused. */
export function refused(thrown: unknown): Ending {
  if (thrown instanceof GraphQLError) return { why: 'refused', thrown }
  if (!(thrown instanceof Problem)) return { why: 'fault', thrown }
  const why = thrown.code === 'UNAVAILABLE' ? 'unavailable' : thrown.code === 'INTERNAL' ? 'fault' : 'refused'
  const reason = thrown.facts.reason ?? reasons[thrown.code]
  if (reason === undefined || reason === thrown.facts.reason) return { why, thrown }
  return { why, thrown: new Problem(thrown.code, thrown.detail, { ...thrown.facts, reason }, { cause: thrown }) }
}
