/** What pages of other origins may ask through a visitor's browser: nothing, save those that are named. */
import type { IncomingMessage } from 'node:http'
import { Problem } from '@latchkey/problem'
import { refusalModeHeader } from '../authorize/refusal-mode.ts'
import { costHeader } from '../cost-header.ts'
import { protocolError } from '../protocol-error.ts'
import { rateLimitFields } from '../rate-limit-fields.ts'
import { authModeHeader } from '../session-cookies.ts'
import { deviceHeader } from './client.ts'

type Headers = IncomingMessage['headers']

/** Headers that a page of another site cannot send unasked: a browser asks first. */
const preflighted = ['x-apollo-operation-name', 'apollo-require-preflight'] as const
const simpleTypes = ['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain']

/**
 * Throws BAD_REQUEST for a request that any page could make a browser send without asking first: cross-site request
 * forgery. The rule and its words are Apollo Server's, which holds it once more.
 */
export function refuseForgery(headers: Headers): void {
  const type = headers['content-type']
  if (type === 'application/json') return
  if (type !== undefined && !simpleTypes.includes((type.split(';')[0] ?? '').trim().toLowerCase())) return
  if (preflighted.some((name) => headers[name] !== undefined && headers[name] !== '')) return
  throw protocolError(
    'BAD_REQUEST',
    `This operation has been blocked as a potential Cross-Site Request Forgery (CSRF). Please either specify a ` +
      `'content-type' header (with a type that is not one of ${simpleTypes.join(', ')}) or provide a non-empty value ` +
      `for one of the following headers: ${preflighted.join(', ')}\n`,
  )
}

const noHeaders: Readonly<Record<string, string>> = Object.freeze({})
const allowedHeaders = [
  'authorization',
  'content-type',
  'x-api-key',
  deviceHeader,
  costHeader,
  authModeHeader,
  refusalModeHeader,
  ...preflighted,
].join(', ')
/** What such a page may read of an answer's headers. */
const exposed = ['x-request-id', 'retry-after', ...rateLimitFields].join(', ')

export interface Origins {
  /** Its own, where clients reach it. */
  readonly own: string
  /** Their pages may also send the cookies of a session. */
  readonly trusted: readonly string[]
  /** Their pages may read answers; what travels by itself does not travel for them. */
  readonly readers: readonly string[]
}

export function createCrossOrigin({ own, trusted, readers }: Origins) {
  const isAllowed = (origin: string | undefined): origin is string =>
    origin !== undefined && (trusted.includes(origin) || readers.includes(origin))
  const withCookies = (origin: string) =>
    trusted.includes(origin) ? { 'access-control-allow-credentials': 'true' } : noHeaders

  /** What a browser says of the page that makes a request, and no script can change. */
  function isTrusted({ origin, 'sec-fetch-site': site }: Headers): boolean {
    if (site === 'same-origin') return true
    return origin === undefined ? site === 'none' : origin === own || trusted.includes(origin)
  }

  return {
    /**
     * Throws FORBIDDEN for a request with the cookies of a session, or one that asks for them, unless the browser says that
     * it comes from a page of ours or of a trusted origin: also nobody is signed in behind their back.
     */
    refuseForeignPage(headers: Headers): void {
      if (!isTrusted(headers)) throw foreignPage(headers)
    },
    headersFor({ origin }: Headers): Readonly<Record<string, string>> {
      if (!isAllowed(origin)) return noHeaders
      return {
        ...withCookies(origin),
        'access-control-allow-origin': origin,
        'access-control-expose-headers': exposed,
        vary: 'origin',
      }
    },
    preflightFor({ origin }: Headers): Readonly<Record<string, string>> {
      if (!isAllowed(origin)) return noHeaders
      return {
        ...withCookies(origin),
        'access-control-allow-origin': origin,
        'access-control-allow-methods': 'GET, POST',
        'access-control-allow-headers': allowedHeaders,
        'access-control-allow-private-network': 'true',
        'access-control-max-age': '600',
        vary: 'origin',
      }
    },
  }
}

const foreignPage = ({ origin, 'sec-fetch-site': site }: Headers) =>
  new Problem('FORBIDDEN', `cookies, from ${String(origin).slice(0, 100)} (${site})`, {
    message: 'The cookies of a session are for pages of this origin, and of origins that the operator named.',
  })

/** Where Apollo's Sandbox runs when it is not embedded in our own page. */
export const sandboxOrigin = 'https://studio.apollographql.com'
