/** What would come of a request: put to the same judges, and told by the same code. */
import type { LimitState, Spending } from '@latchkey/principal/key-budgets'
import { refuseKey } from '@latchkey/principal/key-refusal'
import { Problem } from '@latchkey/problem'
import { GraphQLError } from 'graphql'
import { refusalModeHeader } from '../authorize/refusal-mode.ts'
import type { RequestHeaders } from '../pipeline.ts'
import { refusal } from '../spend/balance.ts'
import { type Change, changeOf } from './change.ts'
import type { Question } from './question.ts'
import type { Authorize } from './reading.ts'
import type { Subject } from './subject.ts'

const codes = [
  'UNAUTHENTICATED',
  'CREDENTIAL_REJECTED',
  'FORBIDDEN',
  'STEP_UP_REQUIRED',
  'RATE_LIMITED',
  'OPERATION_TOO_COSTLY',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
  'QUERY_NOT_IN_SAFELIST',
  'PERSISTED_QUERY_ID_REQUIRED',
] as const

export type DecisionCode = 'PERMITTED' | (typeof codes)[number]

export interface Decision {
  readonly code: DecisionCode
  readonly reason: string | null
  readonly message: string | null
}

export const permitted: Decision = { code: 'PERMITTED', reason: null, message: null }

/** The whole of the operation, though fields of it might be withheld. Throws what would be no judgement, such as UNAVAILABLE. */
export function decide(authorize: Authorize, question: Question, subject: Subject): Decision {
  if (subject.refusal) return refusedWith(problemOf(subject.refusal))
  try {
    authorize(requestOf(question, { [refusalModeHeader]: 'reject' }), subject.caller)
    return permitted
  } catch (thrown) {
    return refusedWith(thrown)
  }
}

/** Whether a request that does not insist on a refusal would be answered without what is refused of it. */
export function isWithheld(authorize: Authorize, question: Question, { caller, refusal }: Subject): boolean {
  if (refusal) return false
  try {
    return authorize(requestOf(question, {}), caller).withheld !== undefined
  } catch {
    return false
  }
}

const requestOf = ({ query, operationName, variables, address }: Question, headers: RequestHeaders) => ({
  ...asRequest,
  ...{ headers, query, operationName, variables },
  client: { address, userAgent: '' },
})

/** What no judge looks at. */
const asRequest = { method: 'POST', requestId: 'explained', signal: new AbortController().signal } as const

const problemOf = (refusal: NonNullable<Subject['refusal']>): Problem =>
  refusal === 'ACCOUNT_NOT_ACTIVE' ? new Problem('CREDENTIAL_REJECTED') : refuseKey(refusal)

/** Throws what would be no judgement. */
export function refusedWith(thrown: unknown): Decision {
  const first: unknown = thrown instanceof AggregateError ? thrown.errors[0] : thrown
  const given =
    first instanceof Problem ? first.code : first instanceof GraphQLError ? first.extensions.code : undefined
  const code = codes.find((each) => each === given)
  if (code === undefined || !(first instanceof Error)) throw thrown
  return { code, reason: first instanceof Problem ? (first.facts.reason ?? null) : null, message: first.message }
}

/** What is left to a key: looked at, and nothing spent. `null`: nothing is missing. */
export function decideSpending({ limits, usesLeft }: Spending, keyId: string, cost: number): Spent | null {
  const empty = limits.filter((limit) => isShort(limit, cost))
  if (empty.length > 0) {
    const retryAfterMs = Math.max(...empty.map((limit) => waitMs(limit, cost)))
    const problem = refusal({ keyId }, { outcome: 'RATE_LIMITED', retryAfterMs })
    return { decision: refusedWith(problem), change: changeOf('WAIT', { retryAfterMs }) }
  }
  if (usesLeft === null || usesLeft > 0) return null
  return {
    decision: refusedWith(refusal({ keyId }, { outcome: 'USAGE_EXCEEDED' })),
    change: changeOf('GIVE_USES'),
  }
}

/** Whether less is left of a limit than the request takes of it. */
export const isShort = (limit: LimitState, cost: number): boolean => limit.remaining < takenOf(limit, cost)

const takenOf = ({ unit }: LimitState, cost: number): number => (unit === 'cost' ? cost : 1)

/** What is missing is there again by then, if nothing is spent meanwhile. */
const waitMs = (limit: LimitState, cost: number): number =>
  Math.ceil(((takenOf(limit, cost) - limit.remaining) * limit.windowMs) / limit.limit)

interface Spent {
  readonly decision: Decision
  readonly change: Change
}
