/** Everything the outbox needs from storage. */
import type { Waiting } from '@latchkey/subgraph/backlog'
import type { OutboxMessage } from '../keys/trail.ts'

export type DueMessage = Pick<OutboxMessage, 'kind' | 'sealedPayload'>

export interface OutboxStore {
  /**
   * Hands over the messages that are due, oldest first and at most `limit`; no two processes get the same one at the same time.
   * One whose handling rejects is due again later. Returns how many there were. Rejects with UNAVAILABLE.
   */
  deliver(
    batch: { readonly limit: number; readonly now: Date },
    handle: (message: DueMessage) => Promise<void>,
  ): Promise<number>
  /** What could have been delivered by now and was not, by kind; at most 10,000 messages are looked at. */
  backlog(now: Date): Promise<readonly Waiting[]>
}
