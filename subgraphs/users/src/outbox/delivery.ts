/** Delivery: where each kind of errand goes. */
import type { Clock } from '@latchkey/clock'
import type { Logger } from '@latchkey/telemetry'
import type { SuspensionEnd } from '../administration/suspension-end.ts'
import type { GrantsService } from '../grants/service.ts'
import type { GrantsTeller } from '../grants/teller.ts'
import { createMailbox, type Mailbox } from '../mail/mailbox.ts'
import type { Mailer } from '../mail/mailer.ts'
import type { MailStore } from '../mail/store.ts'
import type { Errand, Outbox } from './outbox.ts'
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
  readonly grantsTeller: GrantsTeller
  readonly suspensionEnd: SuspensionEnd
  readonly clock: Clock
  readonly logger: Logger
}

export interface Delivery {
  readonly worker: OutboxWorker
  readonly mailbox: Mailbox | null
}

/** What every process can do, whether or not it sends mails. */
const inner = ['nothing', 'grants', 'data-export', 'role-holders', 'suspension-end'] as const

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
  async function run(errand: Errand, ref: string): Promise<unknown> {
    switch (errand.kind) {
      case 'mail':
        return outgoing?.deliver(errand.mail, ref)
      case 'nothing':
        return
      case 'grants':
        return grants.publish(errand.userId)
      case 'data-export':
        return prepareExport(errand)
      case 'role-holders':
        return dependencies.grantsTeller.runHolders(errand.role)
      case 'suspension-end':
        return dependencies.suspensionEnd.run(errand)
    }
  }
  const worker = createOutboxWorker({
    ...dependencies,
    afterwards: mailbox ? 'keep' : 'forget',
    kinds: outgoing ? ['mail', ...inner] : inner,
    run,
  })
  return { worker, mailbox }
}
