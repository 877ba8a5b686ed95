/** Delivery: where each kind of errand goes. */
import type { Clock } from '@latchkey/clock'
import type { Logger } from '@latchkey/telemetry'
import type { GrantsService } from '../grants/service.ts'
import { createMailbox, type Mailbox } from '../mail/mailbox.ts'
import type { Mailer } from '../mail/mailer.ts'
import type { MailStore } from '../mail/store.ts'
import type { Outbox } from './outbox.ts'
import type { OutboxStore } from './store.ts'
import { createOutboxWorker, type OutboxWorker } from './worker.ts'

/** `mailbox`: kept in the outbox and shown (development). `undelivered`: kept in the outbox until there is a mailer. */
export type MailerChoice = Mailer | 'mailbox' | 'undelivered'

export interface DeliveryDependencies {
  readonly mailer: MailerChoice
  readonly outbox: Outbox
  readonly store: OutboxStore
  readonly mails: MailStore
  readonly grants: GrantsService
  /** Puts a person's data together. */
  readonly prepareExport: (asked: { readonly userId: string; readonly exportId: string }) => Promise<void>
  readonly clock: Clock
  readonly logger: Logger
}

export interface Delivery {
  readonly worker: OutboxWorker
  readonly mailbox: Mailbox | null
}

export function createDelivery({
  mailer,
  mails,
  grants,
  prepareExport,
  ...dependencies
}: DeliveryDependencies): Delivery {
  const mailbox = mailer === 'mailbox' ? createMailbox({ ...dependencies, store: mails }) : null
  const outgoing = mailbox ?? (typeof mailer === 'object' ? mailer : null)
  if (!outgoing) dependencies.logger.warn('no mail server is configured: mails wait in the outbox and are not sent')
  const worker = createOutboxWorker({
    ...dependencies,
    afterwards: mailbox ? 'keep' : 'forget',
    kinds: [...(outgoing ? (['mail'] as const) : []), 'grants', 'data-export', 'nothing'],
    async run(errand, ref) {
      if (errand.kind === 'mail') await outgoing?.deliver(errand.mail, ref)
      if (errand.kind === 'grants') await grants.publish(errand.userId)
      if (errand.kind === 'data-export') await prepareExport(errand)
    },
  })
  return { worker, mailbox }
}
