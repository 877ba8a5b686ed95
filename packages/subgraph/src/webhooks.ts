/** Webhooks as Standard Webhooks has them (https://www.standardwebhooks.com): how a message is signed, and how whoever receives one checks it. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { type Clock, minuteMs, secondMs, systemClock } from '@latchkey/clock'

/** What is signed: the same id for every try to deliver a message, and the moment of this try. */
export interface WebhookMessage {
  readonly id: string
  readonly sentAt: Date
  readonly body: string
}

export type WebhookHeaders = Readonly<Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>>

const secretPrefix = 'whsec_'
const secretBytes = { min: 24, max: 64 }

/** The text of a secret, from its bytes. */
export const webhookSecret = (bytes: Uint8Array): string => `${secretPrefix}${Buffer.from(bytes).toString('base64')}`

function keyOf(secret: string): Buffer {
  const text = secret.startsWith(secretPrefix) ? secret.slice(secretPrefix.length) : secret
  const key = Buffer.from(text, 'base64')
  if (key.length < secretBytes.min || key.length > secretBytes.max)
    throw new Error(`a webhook secret is whsec_ and the base64 of ${secretBytes.min} to ${secretBytes.max} bytes`)
  return key
}

const version = 'v1'

const macOf = (key: Buffer, id: string, seconds: string, body: string): Buffer =>
  createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest()

/** The headers of a message, with a signature under each secret: two while one takes the other's place. */
export function signWebhook({ id, sentAt, body }: WebhookMessage, secrets: readonly string[]): WebhookHeaders {
  const seconds = String(Math.floor(sentAt.getTime() / secondMs))
  const signatures = secrets.map((secret) => `${version},${macOf(keyOf(secret), id, seconds, body).toString('base64')}`)
  return { 'webhook-id': id, 'webhook-timestamp': seconds, 'webhook-signature': signatures.join(' ') }
}

/** `malformed`: a header is missing or is none. `untimely`: too old, or from a clock that is ahead. `replayed`: it was there before. */
export type WebhookVerdict =
  | { readonly outcome: 'genuine'; readonly id: string; readonly sentAt: Date }
  | { readonly outcome: 'refused'; readonly why: 'malformed' | 'untimely' | 'unsigned' | 'replayed' }

/** As Node and most frameworks give them, or as `fetch` does. */
export type GivenHeaders = Headers | Readonly<Record<string, string | readonly string[] | undefined>>

export interface WebhookVerifier {
  /** `body` exactly as it came, before anything has read it as JSON. */
  verify(headers: GivenHeaders, body: string): WebhookVerdict
}

export interface WebhookVerifierOptions {
  /** As they were shown, `whsec_…`. Two while the secret is being changed. */
  readonly secrets: readonly string[]
  readonly clock?: Clock
}

const toleranceMs = 5 * minuteMs
/** Of tries that were seen; the oldest go first. */
const rememberedMax = 10_000

const headerOf = (headers: GivenHeaders, name: string): string => {
  const value = headers instanceof Headers ? headers.get(name) : headers[name]
  return typeof value === 'string' ? value : ''
}

/** More would be somebody who has us compute. */
const signaturesMax = 10

const isSigned = (expected: readonly Buffer[], given: string): boolean =>
  given
    .split(' ', signaturesMax)
    .filter((each) => each.startsWith(`${version},`))
    .map((each) => Buffer.from(each.slice(version.length + 1), 'base64'))
    .some((mac) => expected.some((each) => each.length === mac.length && timingSafeEqual(each, mac)))

/**
 * Checks what comes in: signed under one of the secrets, compared in constant time, within five minutes of now, and not the same
 * try as one before it in this process. A message that is tried again has its id and another moment, and passes: whoever must
 * not do a thing twice remembers ids. Throws at once for a secret that is none.
 */
export function createWebhookVerifier({ secrets, clock = systemClock }: WebhookVerifierOptions): WebhookVerifier {
  const keys = secrets.map(keyOf)
  const seen = new Set<string>()

  function remember(attempt: string): void {
    const [oldest] = seen
    if (seen.size >= rememberedMax && oldest !== undefined) seen.delete(oldest)
    seen.add(attempt)
  }

  return {
    verify(headers, body) {
      const [id, seconds] = [headerOf(headers, 'webhook-id'), headerOf(headers, 'webhook-timestamp')]
      if (id === '' || id.length > 256 || !/^\d{1,12}$/.test(seconds)) return { outcome: 'refused', why: 'malformed' }
      const sentAt = new Date(Number(seconds) * secondMs)
      if (Math.abs(clock.now().getTime() - sentAt.getTime()) > toleranceMs)
        return { outcome: 'refused', why: 'untimely' }
      const expected = keys.map((key) => macOf(key, id, seconds, body))
      if (!isSigned(expected, headerOf(headers, 'webhook-signature'))) return { outcome: 'refused', why: 'unsigned' }
      const attempt = `${id}.${seconds}`
      if (seen.has(attempt)) return { outcome: 'refused', why: 'replayed' }
      remember(attempt)
      return { outcome: 'genuine', id, sentAt }
    },
  }
}
