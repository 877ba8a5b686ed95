/** Everything the outbox needs from storage. Most messages are added by the stores that make the change. */
import type { Waiting } from '@latchkey/subgraph/backlog'
import type { Afterwards, ErrandKind, OutboxMessage } from './outbox.ts'

export interface TakenMessage {
  readonly id: string
  readonly ref: string
  readonly kind: ErrandKind
  readonly payload: string
  readonly createdAt: Date
  /** How often it was taken, this time included. */
  readonly attempts: number
}

export interface OutboxStore {
  /** Adds a message that follows from no change but from a moment; nothing when there is one of its name. */
  addOnce(message: OutboxMessage): Promise<void>
  /** Takes due messages, oldest first; nobody else gets them before `leaseEndsAt`. */
  take(terms: {
    readonly kinds: readonly ErrandKind[]
    readonly now: Date
    readonly leaseEndsAt: Date
    readonly attemptsMax: number
    readonly max: number
  }): Promise<readonly TakenMessage[]>
  /** Keeps that it was delivered; what it said, only if told to. */
  delivered(id: string, at: Date, afterwards: Afterwards): Promise<void>
  failed(id: string, retryAt: Date, error: string): Promise<void>
  /** What could have been delivered by now and was not, by kind; at most 10,000 messages are looked at. */
  backlog(now: Date, attemptsMax: number): Promise<readonly Waiting[]>
}
