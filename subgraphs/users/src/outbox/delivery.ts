/** Delivery: where each kind of errand goes. */
import type { Clock } from '@latchkey/clock'
import { type BacklogWatch, watchBacklog } from '@latchkey/subgraph/backlog'
import type { Logger } from '@latchkey/telemetry'
import { createMailbox, type Mailbox } from '../mail/mailbox.ts'
import { createSmtpMailer, type SmtpSettings } from '../mail/mailer.smtp.ts'
import type { Mailer } from '../mail/mailer.ts'
import type { MailStore } from '../mail/store.ts'
import { attemptsMax, type Errand, type ErrandKind, type Outbox } from './outbox.ts'
import type { OutboxStore } from './store.ts'
import { createOutboxWorker, type OutboxWorker } from './worker.ts'

/** `mailbox`: kept in the outbox and shown (development). `undelivered`: kept in the outbox until there is a mailer. */
export type MailerChoice = SmtpSettings | Mailer | 'mailbox' | 'undelivered'

/** What is done about every kind of errand but mail. */
export type ErrandRunners = {
  readonly [Kind in Exclude<ErrandKind, 'mail'>]: (errand: Extract<Errand, { kind: Kind }>) => Promise<unknown>
}

export interface DeliveryDependencies {
  readonly mailer: MailerChoice
  readonly outbox: Outbox
  readonly store: OutboxStore
  readonly mails: MailStore
  readonly runners: ErrandRunners
  readonly clock: Clock
  readonly logger: Logger
}

export interface Delivery {
  readonly worker: OutboxWorker
  readonly mailbox: Mailbox | null
}

/** As many mails at once as a mail server is asked to take; each within its own time, so that a lease outlives them all. */
const mailsAtOnce = 5

export function createDelivery({ mailer, mails, runners, ...dependencies }: DeliveryDependencies): Delivery {
  const mailbox = mailer === 'mailbox' ? createMailbox({ ...dependencies, store: mails }) : null
  const outgoing = outgoingOf(mailer)
  if (!outgoing && !mailbox)
    dependencies.logger.warn('no mail server is configured: mails wait in the outbox and are not sent')
  // The keys of the table are the kinds, and each runner is handed its own kind.
  const others = Object.keys(runners) as (keyof ErrandRunners)[]
  const errands = createOutboxWorker({
    ...dependencies,
    kinds: mailbox ? ['mail', ...others] : others,
    afterwards: mailbox ? 'keep' : 'forget',
    async run(errand, ref) {
      if (errand.kind === 'mail') await mailbox?.deliver(errand.mail, ref)
      else await runners[errand.kind](errand as never)
    },
  })
  const backlog = watchBacklog({
    outbox: 'users',
    read: () => dependencies.store.backlog(dependencies.clock.now(), attemptsMax),
    clock: dependencies.clock,
  })
  if (!outgoing) return { worker: together([errands], { backlog }), mailbox }
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
  return { worker: together([errands, sending], { backlog, outgoing }), mailbox }
}

function outgoingOf(mailer: MailerChoice): (Mailer & { close?(): void }) | null {
  if (typeof mailer === 'string') return null
  return 'url' in mailer ? createSmtpMailer(mailer) : mailer
}

interface Beside {
  readonly backlog: BacklogWatch
  readonly outgoing?: { close?(): void }
}

const together = (workers: readonly OutboxWorker[], { backlog, outgoing }: Beside): OutboxWorker => ({
  wake: () => {
    for (const worker of workers) worker.wake()
  },
  start: () => {
    backlog.start()
    for (const worker of workers) worker.start()
  },
  async close() {
    backlog.close()
    await Promise.all(workers.map((worker) => worker.close()))
    outgoing?.close?.()
  },
})
