/** What other sites may ask through a visitor's browser: nothing, save Apollo's Sandbox in development. */
import type { IncomingMessage } from 'node:http'
import { protocolError } from '../protocol-error.ts'
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
const allowedHeaders = ['authorization', 'content-type', 'x-api-key', deviceHeader, ...preflighted].join(', ')

/** The origins whose pages may read answers. Credentials never travel by themselves: no cookie is allowed along. */
export function createCrossOrigin(allowed: readonly string[]) {
  const isAllowed = (origin: string | undefined): origin is string => origin !== undefined && allowed.includes(origin)
  return {
    headersFor({ origin }: Headers): Readonly<Record<string, string>> {
      if (!isAllowed(origin)) return noHeaders
      return {
        'access-control-allow-origin': origin,
        'access-control-expose-headers': 'x-request-id, retry-after',
        vary: 'origin',
      }
    },
    preflightFor({ origin }: Headers): Readonly<Record<string, string>> {
      if (!isAllowed(origin)) return noHeaders
      return {
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

/** Where Apollo's Sandbox runs when it is not embedded in our own page. */
export const sandboxOrigin = 'https://studio.apollographql.com'
