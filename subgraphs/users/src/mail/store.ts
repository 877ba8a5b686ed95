/** Everything the development mailbox needs from storage. */

export interface DeliveredMail {
  readonly ref: string
  /** Sealed, as the outbox holds it. */
  readonly payload: string
  readonly deliveredAt: Date
}

export interface MailStore {
  /** The last `max` delivered mails that were kept, newest last. */
  lastDelivered(max: number): Promise<readonly DeliveredMail[]>
}
