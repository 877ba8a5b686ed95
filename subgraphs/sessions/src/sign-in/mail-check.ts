/** What signing in with a mail needs of Users, which writes the mail and keeps what it carries. */
import type { SessionLimit } from '../sessions/session.ts'
import type { Asking } from '../users-question.ts'
import type { SecondFactor } from './pending.ts'

export type MailVerdict =
  | {
      readonly outcome: 'match'
      readonly userId: string
      readonly sessionEpoch: number
      /** What is asked for besides, the strongest first; empty: nothing. */
      readonly secondFactors: readonly SecondFactor[]
      /** `null`: the usual one. */
      readonly sessionLimit: SessionLimit | null
    }
  | { readonly outcome: 'no match'; readonly namedUserId: string | null }

/** Each rejects with UNAVAILABLE when nobody can say. */
export interface MailCheck {
  /** The same for every address. BAD_USER_INPUT for what is none; RATE_LIMITED for a network that asks too much. */
  send(email: string, asking: Asking): Promise<{ readonly reference: string }>
  /** Uses the link. */
  checkLink(token: string, asking: Asking): Promise<MailVerdict>
  /** Uses the code that went with the reference; five tries. */
  checkCode(shown: { readonly reference: string; readonly code: string }, asking: Asking): Promise<MailVerdict>
}
