/** Mail by SMTP. The only home of nodemailer. */
import { secondMs } from '@latchkey/clock'
import { createTransport } from 'nodemailer'
import type { Mail } from './mail.ts'
import type { Mailer } from './mailer.ts'

export interface SmtpSettings {
  /** `smtp://user:password@host:587` (STARTTLS) or `smtps://…:465`. */
  readonly url: string
  /** Who the mails are from: an address, or `Name <address>`. */
  readonly from: string
  /** How long one delivery may take in all; less than the outbox's lease, so that no other process tries meanwhile. */
  readonly withinMs?: number
}

export interface SmtpMailer extends Mailer {
  close(): void
}

const connectionsMax = 5
const patienceMs = 10 * secondMs
const loopback = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/

const domainOf = (from: string): string => /@([^\s@<>]+)>?\s*$/.exec(from)?.[1] ?? 'localhost'

function transportOf({ url }: SmtpSettings) {
  const { protocol, hostname, port, username, password } = new URL(url)
  const secure = protocol === 'smtps:'
  const host = hostname.replace(/^\[|\]$/g, '')
  return createTransport({
    ...{ host, secure, pool: true, maxConnections: connectionsMax },
    ...(port ? { port: Number(port) } : {}),
    ...(username ? { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } } : {}),
    // Tokens travel in mails: outside this machine never readable on the way (ASVS 12.2.1).
    requireTLS: !secure && !loopback.test(hostname),
    // nodemailer verifies certificates unless told otherwise.
    tls: { minVersion: 'TLSv1.2' },
    ...{
      connectionTimeout: patienceMs,
      greetingTimeout: patienceMs,
      socketTimeout: patienceMs,
      dnsTimeout: patienceMs,
    },
    ...{ disableFileAccess: true, disableUrlAccess: true },
  })
}

/** What a mail server took too long over. `code` is what the outbox keeps of it. */
const tooSlow = () => Object.assign(new Error('the mail server took too long'), { code: 'ETIMEDOUT' })

/** Opens no connection before the first mail. */
export function createSmtpMailer(settings: SmtpSettings): SmtpMailer {
  const { from, withinMs = 30 * secondMs } = settings
  const transport = transportOf(settings)
  const domain = domainOf(from)

  return {
    async deliver({ to, subject, text, html }: Mail, ref: string) {
      const sending = transport.sendMail({
        // As an object: nothing in an address is read as a list of addresses.
        ...{ from, to: { name: '', address: to }, subject, text, html },
        // The same in every try, so that a mail which arrived twice can be recognised.
        messageId: `<${ref}@${domain}>`,
        headers: { 'Auto-Submitted': 'auto-generated' },
      })
      let timer: NodeJS.Timeout | undefined
      const deadline = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(tooSlow()), withinMs)
      })
      try {
        await Promise.race([sending, deadline])
      } finally {
        clearTimeout(timer)
        // A sending that lost the race ends on its own time-outs, unheard.
        sending.catch(() => {})
      }
    },
    close: () => transport.close(),
  }
}
