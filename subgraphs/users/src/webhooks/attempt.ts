/** One try to deliver: what came back, and what follows from it. Pure. */
import { parseRetryAfter } from './retry.ts'

/** Why nothing arrived. `ADDRESS_REFUSED`: nothing was sent; the rest says how far it got. */
export type WebhookFailure =
  | 'ADDRESS_REFUSED'
  | 'UNREACHABLE'
  | 'CERTIFICATE'
  | 'TIMED_OUT'
  | 'NO_HTTP'
  | 'REFUSED'
  | 'GONE'

/** What the receiver said, or that it did not come to that. */
export type Answer =
  | {
      readonly kind: 'answered'
      readonly status: number
      readonly retryAfter: string | undefined
      /** How the body began. */
      readonly text: string
    }
  | { readonly kind: 'unanswered'; readonly failure: Exclude<WebhookFailure, 'REFUSED' | 'GONE'> }

/** What of a try is kept. */
export interface AttemptOutcome {
  /** `null`: it was taken. */
  readonly failure: WebhookFailure | null
  readonly httpStatus: number | null
  readonly answer: string | null
  readonly retryAfterMs: number | null
}

/** Taken is a status of 2xx and nothing else: a redirect is followed nowhere, and 410 asks never to be sent anything again. */
export function judgeAnswer(answer: Answer, now: Date): AttemptOutcome {
  if (answer.kind === 'unanswered')
    return { failure: answer.failure, httpStatus: null, answer: null, retryAfterMs: null }
  const { status, retryAfter, text } = answer
  if (status >= 200 && status < 300) return { failure: null, httpStatus: status, answer: null, retryAfterMs: null }
  const failure = status === 410 ? 'GONE' : 'REFUSED'
  return { failure, httpStatus: status, answer: text, retryAfterMs: parseRetryAfter(retryAfter, now) }
}
