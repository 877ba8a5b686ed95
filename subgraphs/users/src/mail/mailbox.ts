/** The development mailbox: shows the last mails instead of sending them. Never in production. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { parseEmailAddress } from '../email/email-address.ts'
import type { Outbox } from '../outbox/outbox.ts'
import type { Mail } from './mail.ts'
import { mailboxPage } from './mailbox-page.ts'
import type { Mailer } from './mailer.ts'
import type { MailStore } from './store.ts'

export interface KeptMail extends Mail {
  /** RFC 3339, UTC. */
  readonly sentAt: string
}

export interface Mailbox extends Mailer {
  /** The last 200, of every replica, newest last; with an address, those of them that were sent to it. */
  mails(to?: string | null): Promise<readonly KeptMail[]>
  /** Answers `GET /dev/mail?to=…`: a page, or JSON where `Accept` asks for it. Only to a loopback `Host`. */
  handle(request: IncomingMessage, response: ServerResponse): void
}

const keptMax = 200

const addressKey = (text: string) => parseEmailAddress(text)?.normalised ?? text

export function createMailbox({ store, outbox }: { store: MailStore; outbox: Outbox }): Mailbox {
  async function mails(to: string | null = null): Promise<readonly KeptMail[]> {
    const delivered = await store.lastDelivered(keptMax)
    const kept = delivered.map((message) => ({ ...outbox.mailOf(message), sentAt: message.deliveredAt.toISOString() }))
    return to === null ? kept : kept.filter((mail) => addressKey(mail.to) === addressKey(to))
  }

  return {
    mails,
    // The outbox keeps what it has delivered; there is nothing else to do.
    async deliver() {},
    handle(request, response) {
      const write = ({ status, contentType, body }: Answer) => {
        response.writeHead(status, { ...answerHeaders, 'content-type': contentType })
        response.end(body)
      }
      answerTo(request, mails).then(write, () => write(plain(503)))
    },
  }
}

// A page of another site whose name was pointed at 127.0.0.1 (DNS rebinding) still sends its own name.
const loopbackHost = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i

export const isLoopbackHost = (host: string | undefined): boolean => loopbackHost.test(String(host))

const answerHeaders = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

interface Answer {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

const plain = (status: number): Answer => ({ status, contentType: 'text/plain', body: '' })

async function answerTo({ method, headers, url }: IncomingMessage, mails: Mailbox['mails']): Promise<Answer> {
  if (!isLoopbackHost(headers.host)) return plain(403)
  if (method !== 'GET') return plain(405)
  const found = await mails(new URL(String(url), 'http://localhost').searchParams.get('to'))
  const asJson = String(headers.accept).includes('application/json')
  return asJson
    ? { status: 200, contentType: 'application/json; charset=utf-8', body: JSON.stringify(found) }
    : { status: 200, contentType: 'text/html; charset=utf-8', body: mailboxPage(found) }
}
