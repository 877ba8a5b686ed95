/** Delivery: where each kind of errand goes. */
import type { Clock } from '@latchkey/clock'
import type { Logger } from '@latchkey/telemetry'
import type { GrantsService } from '../grants/service.ts'
import { createMailbox, type Mailbox } from '../mail/mailbox.ts'
import { createSmtpMailer, type SmtpSettings } from '../mail/mailer.smtp.ts'
import type { Mailer } from '../mail/mailer.ts'
import type { MailStore } from '../mail/store.ts'
import type { Outbox } from './outbox.ts'
import type { OutboxStore } from './store.ts'
import { createOutboxWorker, type OutboxWorker } from './worker.ts'

/** `mailbox`: kept in the outbox and shown (development). `undelivered`: kept in the outbox until there is a mailer. */
export type MailerChoice = SmtpSettings | Mailer | 'mailbox' | 'undelivered'

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

/** As many mails at once as a mail server is asked to take; each within its own time, so that a lease outlives them all. */
const mailsAtOnce = 5

export function createDelivery({
  mailer,
  mails,
  grants,
  prepareExport,
  ...dependencies
}: DeliveryDependencies): Delivery {
  const mailbox = mailer === 'mailbox' ? createMailbox({ ...dependencies, store: mails }) : null
  const outgoing = outgoingOf(mailer)
  if (!outgoing && !mailbox)
    dependencies.logger.warn('no mail server is configured: mails wait in the outbox and are not sent')
  const errands = createOutboxWorker({
    ...dependencies,
    kinds: [...(mailbox ? (['mail'] as const) : []), 'grants', 'data-export', 'nothing'],
    afterwards: mailbox ? 'keep' : 'forget',
    async run(errand, ref) {
      if (errand.kind === 'mail') await mailbox?.deliver(errand.mail, ref)
      if (errand.kind === 'grants') await grants.publish(errand.userId)
      if (errand.kind === 'data-export') await prepareExport(errand)
    },
  })
  if (!outgoing) return { worker: errands, mailbox }
  // A worker of their own: a mail server that hangs keeps nothing waiting but mails.
  const sending = createOutboxWorker({
    ...dependencies,
    kinds: ['mail'],
    afterwards: 'forget',
    atOnce: mailsAtOnce,
    async run(errand, ref) {
      if (errand.kind === 'mail') await outgoing.deliver(errand.mail, ref)
    },
  })
  return { worker: together([errands, sending], outgoing), mailbox }
}

function outgoingOf(mailer: MailerChoice): (Mailer & { close?(): void }) | null {
  if (typeof mailer === 'string') return null
  return 'url' in mailer ? createSmtpMailer(mailer) : mailer
}

const together = (workers: readonly OutboxWorker[], outgoing: { close?(): void }): OutboxWorker => ({
  wake: () => {
    for (const worker of workers) worker.wake()
  },
  start: () => {
    for (const worker of workers) worker.start()
  },
  async close() {
    await Promise.all(workers.map((worker) => worker.close()))
    outgoing.close?.()
  },
})
