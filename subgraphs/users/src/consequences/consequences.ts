/** What a change brings about besides itself: written by the statement that makes the change, all of it or nothing. */
import type { AuditRecord } from '../audit/audit.ts'
import type { KeptToken } from '../one-time-tokens/one-time-token.ts'
import type { OutboxMessage } from '../outbox/outbox.ts'

export interface Consequences {
  readonly records: readonly AuditRecord[]
  /** Mails to send, grants to tell. */
  readonly messages: readonly OutboxMessage[]
  /** The tokens that those mails carry. */
  readonly tokens: readonly KeptToken[]
}

/** Those of several parts together; what is left out of a part is empty. */
export const consequencesOf = (...parts: readonly Partial<Consequences>[]): Consequences => ({
  records: parts.flatMap(({ records = [] }) => records),
  messages: parts.flatMap(({ messages = [] }) => messages),
  tokens: parts.flatMap(({ tokens = [] }) => tokens),
})
