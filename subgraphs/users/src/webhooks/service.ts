/** What administrators do with webhook endpoints. */
import { type Clock, type Entropy, newId } from '@latchkey/clock'
import { badInput, Problem } from '@latchkey/problem'
import type { Keyring } from '@latchkey/secrets'
import type { Administrator } from '../administration/administrator.ts'
import type { Audit, AuditedEvent } from '../audit/audit.ts'
import { consequencesOf } from '../consequences/consequences.ts'
import type { Destinations } from './destination.ts'
import {
  type CreateWebhookEndpointInput,
  type DisabledWhy,
  type EndpointStatus,
  endpointsMax,
  idOf,
  type PlainHttp,
  parseEndpointInput,
  type StoredEndpoint,
  type UpdateWebhookEndpointInput,
} from './endpoint.ts'
import { newEndpointSecret, openUrl, overlapMs, previousSecretPlace, secretPlace, urlPlace } from './secret.ts'
import type { EndpointStore } from './store.ts'

export interface WebhookEndpointDependencies {
  readonly store: EndpointStore
  readonly destinations: Destinations
  readonly plainHttp: PlainHttp
  readonly keyring: Keyring
  readonly audit: Audit
  readonly clock: Clock
  readonly entropy: Entropy
  /** Called when something may be due now that was not. */
  readonly wake: () => void
}

/** As administrators see it. */
export interface WebhookEndpoint {
  readonly id: string
  readonly url: string
  readonly description: string
  /** `null`: all of them. */
  readonly eventTypes: readonly string[] | null
  readonly status: Uppercase<EndpointStatus>
  readonly disabledBecause: Uppercase<DisabledWhy> | null
  readonly disabledAt: Date | null
  readonly failingSince: Date | null
  /** Until when the secret before this one signs, too. */
  readonly previousSecretUntil: Date | null
  readonly createdAt: Date
}

export interface WithSecret {
  readonly endpoint: WebhookEndpoint
  /** Shown this once. */
  readonly secret: string
}

/** An id that is unknown rejects with NOT_FOUND; an input that has faults with BAD_USER_INPUT that names each. */
export interface WebhookEndpointService {
  list(): Promise<readonly WebhookEndpoint[]>
  /** CONFLICT when there are as many as there may be. */
  create(input: CreateWebhookEndpointInput, by: Administrator): Promise<WithSecret>
  update(input: UpdateWebhookEndpointInput, by: Administrator): Promise<WebhookEndpoint>
  remove(id: string, by: Administrator): Promise<{ readonly id: string }>
  /** A new secret; for a day the old one signs beside it. CONFLICT when somebody else does the same. */
  rotateSecret(id: string, by: Administrator): Promise<WithSecret>
}

const unknown = () => new Problem('NOT_FOUND', 'no such webhook endpoint')

// One answer for a name that leads nowhere and for one that leads inside: it would tell what names there are inside.
const closed = 'must lead to public addresses, or into a network that LATCHKEY_WEBHOOK_NETWORKS names'

export function createWebhookEndpointService(dependencies: WebhookEndpointDependencies): WebhookEndpointService {
  const { store, destinations, plainHttp, keyring, audit, clock, entropy, wake } = dependencies

  function shown(stored: StoredEndpoint): WebhookEndpoint {
    const { id, description, eventTypes, disabledAt, failingSince, previousUntil, createdAt } = stored
    const now = clock.now()
    return {
      ...{ id, description, disabledAt, failingSince, createdAt },
      url: openUrl(keyring, stored).href,
      eventTypes: eventTypes.length === 0 ? null : eventTypes,
      // Uppercase<…> is what toUpperCase gives, and TypeScript does not know it.
      status: stored.status.toUpperCase() as Uppercase<EndpointStatus>,
      disabledBecause: (stored.disabledWhy?.toUpperCase() ?? null) as Uppercase<DisabledWhy> | null,
      previousSecretUntil: previousUntil && previousUntil > now ? previousUntil : null,
    }
  }

  const recorded = (event: AuditedEvent, by: Administrator) => consequencesOf({ records: [audit(event, by.cause)] })

  async function requireOpen(url: URL | null): Promise<void> {
    if (url && (await destinations.of(url)).outcome !== 'open') throw badInput({ 'input.url': closed })
  }

  async function known(id: string): Promise<StoredEndpoint> {
    const stored = await store.byId(idOf(id))
    if (!stored) throw unknown()
    return stored
  }

  const sealed = (id: string, secret: string) => keyring.seal('data', secret, secretPlace(id))

  return {
    list: async () => (await store.all()).map(shown),
    async create(input, by) {
      const { url, description, eventTypes } = parseEndpointInput(input, plainHttp)
      await requireOpen(url)
      const id = newId(entropy, 'whe')
      const secret = newEndpointSecret(entropy)
      const endpoint: StoredEndpoint = {
        ...{ id, description: description ?? '', eventTypes: eventTypes ?? [], status: 'enabled' },
        ...{ url: keyring.seal('data', url?.href ?? '', urlPlace(id)), secret: sealed(id, secret) },
        ...{ disabledWhy: null, disabledAt: null, previousSecret: null, previousUntil: null, failingSince: null },
        ...{ createdBy: by.userId, createdAt: clock.now() },
      }
      const detail = { host: url?.host ?? '', events: eventTypes?.join(' ') ?? 'all' }
      const event = { action: 'webhook-endpoint.create', target: id, outcome: 'created', detail } as const
      const added = await store.add(endpoint, { max: endpointsMax, consequences: recorded(event, by) })
      if (added === 'full')
        throw new Problem('CONFLICT', 'full', { message: `There are ${endpointsMax} endpoints already.` })
      return { endpoint: shown(endpoint), secret }
    },
    async update(input, by) {
      const { url, description, eventTypes } = parseEndpointInput(input, plainHttp)
      await requireOpen(url)
      const id = idOf(input.id)
      const status = input.status ? (input.status.toLowerCase() as EndpointStatus) : null
      const detail = {
        ...(url && { host: url.host }),
        ...(eventTypes && { events: eventTypes.join(' ') || 'all' }),
        ...(status && { status }),
      }
      const event = { action: 'webhook-endpoint.update', target: id, outcome: 'updated', detail } as const
      const changed = await store.update({
        ...{ id, description, eventTypes, status, at: clock.now(), consequences: recorded(event, by) },
        url: url && keyring.seal('data', url.href, urlPlace(id)),
      })
      if (!changed) throw unknown()
      wake()
      return shown(changed)
    },
    async remove(id, by) {
      const event = { action: 'webhook-endpoint.delete', target: idOf(id), outcome: 'deleted' } as const
      if ((await store.remove(idOf(id), recorded(event, by))) === 'unknown') throw unknown()
      return { id }
    },
    async rotateSecret(id, by) {
      const stored = await known(id)
      const secret = newEndpointSecret(entropy)
      const previous = keyring.open('data', stored.secret, secretPlace(id))
      const event = { action: 'webhook-endpoint.rotate-secret', target: id, outcome: 'rotated' } as const
      const change = {
        ...{ id, was: stored.secret, secret: sealed(id, secret) },
        previousSecret: keyring.seal('data', previous, previousSecretPlace(id)),
        previousUntil: new Date(clock.now().getTime() + overlapMs),
      }
      const changed = await store.changeSecret({ ...change, consequences: recorded(event, by) })
      if (changed === 'stale') throw new Problem('CONFLICT', 'the secret was changed meanwhile')
      return { endpoint: shown({ ...stored, ...change }), secret }
    },
  }
}
