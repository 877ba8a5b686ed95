/** What administrators do with webhook deliveries: look at them, send one to see that it arrives, send some again. */
import { type Clock, type Entropy, newId } from '@latchkey/clock'
import { Problem } from '@latchkey/problem'
import { type Page, type PageArguments, pageOf, parsePage } from '@latchkey/subgraph/page'
import type { Administrator } from '../administration/administrator.ts'
import type { Audit, AuditedEvent } from '../audit/audit.ts'
import { consequencesOf } from '../consequences/consequences.ts'
import {
  type DeliveryStatus,
  parseDeliveryFilter,
  parseReplay,
  type Replayed,
  type ReplayWebhookDeliveriesInput,
  type WebhookDelivery,
  type WebhookDeliveryFilter,
} from './delivery.ts'
import { idOf } from './endpoint.ts'
import { testEvent } from './event.ts'
import type { DeliveryStore, EndpointStore } from './store.ts'

export interface WebhookDeliveryDependencies {
  readonly store: DeliveryStore
  readonly endpoints: Pick<EndpointStore, 'byId'>
  readonly audit: Audit
  readonly clock: Clock
  readonly entropy: Entropy
  /** Called when something is due now that was not. */
  readonly wake: () => void
}

export interface ShownDelivery extends Omit<WebhookDelivery, 'status'> {
  readonly status: Uppercase<DeliveryStatus>
  /** `null` when it is not tried again. */
  readonly nextAttemptAt: Date | null
}

/** An endpoint that is unknown rejects with NOT_FOUND, one that is disabled with CONFLICT. */
export interface WebhookDeliveryService {
  list(filter: WebhookDeliveryFilter, page: PageArguments): Promise<Page<ShownDelivery>>
  /** An event that nothing has brought about, to that endpoint alone. */
  test(endpointId: string, by: Administrator): Promise<ShownDelivery>
  /** Under their own ids, signed anew. At most 10,000 at once: the oldest first. */
  replay(
    input: ReplayWebhookDeliveriesInput,
    by: Administrator,
  ): Promise<{ readonly count: number; readonly hasMore: boolean }>
}

const replayedMax = 10_000

const shown = ({ status, nextAt, ...delivery }: WebhookDelivery): ShownDelivery => ({
  ...delivery,
  nextAt,
  // Uppercase<…> is what toUpperCase gives, and TypeScript does not know it.
  status: status.toUpperCase() as Uppercase<DeliveryStatus>,
  nextAttemptAt: status === 'pending' ? nextAt : null,
})

const detailOf = (replayed: Replayed): Readonly<Record<string, string>> =>
  'ids' in replayed
    ? { deliveries: String(replayed.ids.length) }
    : { since: replayed.since.toISOString(), statuses: replayed.statuses.join(' ') }

export function createWebhookDeliveryService(dependencies: WebhookDeliveryDependencies): WebhookDeliveryService {
  const { store, endpoints, audit, clock, entropy, wake } = dependencies

  const recorded = (event: AuditedEvent, by: Administrator) => consequencesOf({ records: [audit(event, by.cause)] })

  /** Why nothing was written. */
  async function refusal(endpointId: string): Promise<Problem> {
    if (!(await endpoints.byId(endpointId))) return new Problem('NOT_FOUND', 'no such webhook endpoint')
    return new Problem('CONFLICT', 'disabled', { message: 'The endpoint is disabled. Enable it first.' })
  }

  return {
    async list(filter, page) {
      const { size, after } = parsePage(page)
      const found = await store.page({ filter: parseDeliveryFilter(filter), after, limit: size + 1 })
      return pageOf(found.map(shown), { size, after }, ({ eventAt, id }) => ({ at: eventAt, id }))
    },
    async test(given, by) {
      const endpointId = idOf(given)
      const at = clock.now()
      const event = { action: 'webhook-endpoint.test', target: endpointId, outcome: 'sent' } as const
      const delivery = { id: newId(entropy, 'whd'), endpointId, event: testEvent(newId(entropy, 'evt'), at) }
      const added = await store.add(delivery, at, recorded(event, by))
      if (!added) throw await refusal(endpointId)
      wake()
      return shown(added)
    },
    async replay(input, by) {
      const replayed = parseReplay(input)
      const endpointId = idOf(input.endpointId)
      const detail = detailOf(replayed)
      const event = { action: 'webhook-endpoint.replay', target: endpointId, outcome: 'sent', detail } as const
      const consequences = recorded(event, by)
      const count = await store.replay({ endpointId, replayed, at: clock.now(), max: replayedMax, consequences })
      if (count === null) throw await refusal(endpointId)
      wake()
      return { count, hasMore: count === replayedMax }
    },
  }
}
