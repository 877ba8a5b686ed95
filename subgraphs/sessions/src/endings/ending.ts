/** The end of a session, as whoever subscribes to it is told. */
import type { AccountNews } from '@latchkey/principal/account-news'
import type { StreamEvent } from '@latchkey/subgraph/transport'
import type { EndedSession, EndReason } from '../ledger/ledger.ts'

const reasons = {
  'signed-out': 'SIGNED_OUT',
  revoked: 'REVOKED',
  'refresh-token-reused': 'TOKEN_REUSED',
  'too-many-sessions': 'TOO_MANY_SESSIONS',
  replaced: 'REPLACED',
  PASSWORD_CHANGED: 'PASSWORD_CHANGED',
  EMAIL_CHANGED: 'EMAIL_CHANGED',
  FACTORS_CHANGED: 'FACTORS_CHANGED',
} as const satisfies Record<EndReason | AccountChange, string>

/** A change of an account that ends its sessions, and not the one that it was made with. */
export type AccountChange = 'PASSWORD_CHANGED' | 'EMAIL_CHANGED' | 'FACTORS_CHANGED'

/** Neither waits nor throws. */
export type TellEnded = (
  session: Pick<EndedSession, 'sessionId' | 'userId'>,
  ending: { readonly reason: EndReason | AccountChange; readonly at: Date },
) => void

/**
 * Tells that a session ended just now: its own streams end, and the account's others hear of it. Should it not be heard, the session
 * has ended all the same, and its streams find that out by themselves.
 */
export const createTellEnded =
  (news: Pick<AccountNews, 'tell'> | undefined): TellEnded =>
  ({ sessionId: id, userId: accountId }, { reason, at }) => {
    const facts = { id, reason: reasons[reason], at: at.getTime() }
    const event = { field: 'sessionEnded', facts }
    news?.tell({ accountId, news: { credentials: 'changed', event } }).catch(() => {})
  }

export interface Ending {
  readonly sessionId: string
  readonly reason: string
  readonly at: string
  readonly user: { readonly id: string }
}

export const endingIn = ({ accountId, facts: { id, reason, at } }: StreamEvent): Ending => ({
  sessionId: String(id),
  reason: String(reason),
  at: new Date(Number(at)).toISOString(),
  user: { id: accountId },
})
