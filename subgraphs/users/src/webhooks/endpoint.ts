/** Webhook endpoints: what one is, and what may be said about one. Pure. */
import { auditActions } from '@latchkey/audit'
import { badInput } from '@latchkey/problem'
import { parseDescription } from '../service-accounts/service-account.ts'

export type EndpointStatus = 'enabled' | 'disabled'

/** Who or what switched it off. */
export type DisabledWhy = 'administrator' | 'gone' | 'failing'

/** An endpoint as it is stored: where it is and what signs for it are sealed. */
export interface StoredEndpoint {
  readonly id: string
  readonly url: string
  readonly description: string
  readonly eventTypes: readonly string[]
  readonly status: EndpointStatus
  readonly disabledWhy: DisabledWhy | null
  readonly disabledAt: Date | null
  readonly secret: string
  readonly previousSecret: string | null
  readonly previousUntil: Date | null
  readonly failingSince: Date | null
  readonly createdBy: string | null
  readonly createdAt: Date
}

export interface CreateWebhookEndpointInput {
  readonly url: string
  readonly description?: string | null
  readonly eventTypes?: readonly string[] | null
}

/** What is left out, or null, stays as it is. */
export interface UpdateWebhookEndpointInput {
  readonly id: string
  readonly url?: string | null
  readonly description?: string | null
  readonly eventTypes?: readonly string[] | null
  readonly status?: 'ENABLED' | 'DISABLED' | null
}

/** So many there may be: each is asked about every second, and sent to beside the others. */
export const endpointsMax = 20

const urlMax = 2_048

const knownTypes: ReadonlySet<string> = new Set(auditActions)

const isEndpointId = (id: string): boolean => /^whe_\w{1,60}$/.test(id)

/** NOT_FOUND is for the store to say: an id that cannot be one is looked up under one that nobody has. */
export const idOf = (given: string): string => (isEndpointId(given) ? given : '')

/** Whether addresses without TLS are taken: while developing. */
export type PlainHttp = 'refused' | 'taken'

export type ParsedUrl = { readonly url: URL } | { readonly fault: string }

/** Without looking where it leads. */
export function parseEndpointUrl(text: string, plain: PlainHttp): ParsedUrl {
  const scheme = plain === 'taken' ? 'https:// or http://' : 'https://'
  const url = text.length <= urlMax && URL.canParse(text) ? new URL(text) : null
  const protocols = plain === 'taken' ? ['https:', 'http:'] : ['https:']
  if (!url || !protocols.includes(url.protocol))
    return { fault: `must be an address that begins with ${scheme}, of at most ${urlMax} characters` }
  if (url.username !== '' || url.password !== '' || url.hash !== '')
    return { fault: 'must have no user, no password and no fragment' }
  return { url }
}

const faultOfTypes = (given: readonly string[]): string | null =>
  given.length <= knownTypes.size && given.every((type) => knownTypes.has(type))
    ? null
    : 'must be kinds of events that `webhookEventTypes` lists; leave it out for all of them'

export interface SaidAboutEndpoint {
  readonly url: URL | null
  readonly description: string | null
  readonly eventTypes: readonly string[] | null
}

/** Throws BAD_USER_INPUT naming every member that has a fault. `null`: nothing was said. */
export function parseEndpointInput(
  input: Partial<CreateWebhookEndpointInput> | UpdateWebhookEndpointInput,
  plain: PlainHttp,
): SaidAboutEndpoint {
  const url = typeof input.url === 'string' ? parseEndpointUrl(input.url, plain) : null
  const description = typeof input.description === 'string' ? parseDescription(input.description) : undefined
  const eventTypes = input.eventTypes ? [...new Set(input.eventTypes.slice(0, knownTypes.size + 1))] : null
  const faults = {
    'input.url': url && 'fault' in url ? url.fault : null,
    'input.description': description === null ? 'must be at most 500 printable characters' : null,
    'input.eventTypes': eventTypes && faultOfTypes(eventTypes),
  }
  const found = Object.entries(faults).filter((each): each is [string, string] => each[1] !== null)
  if (found.length > 0) throw badInput(Object.fromEntries(found))
  return { url: url && 'url' in url ? url.url : null, description: description ?? null, eventTypes }
}

/** Whether an endpoint is sent an event: of its kinds, and not from before it was there. */
export const isSentTo = (
  { eventTypes, createdAt }: Pick<StoredEndpoint, 'eventTypes' | 'createdAt'>,
  { type, at }: { readonly type: string; readonly at: Date },
): boolean => (eventTypes.length === 0 || eventTypes.includes(type)) && at >= createdAt
