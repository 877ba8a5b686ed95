/** A delivery: one event on its way to one endpoint, and which of them somebody wants to see or have sent again. Pure. */
import { badInput } from '@latchkey/problem'
import type { WebhookFailure } from './attempt.ts'

export type DeliveryStatus = 'pending' | 'delivered' | 'failed'

export interface WebhookDelivery {
  readonly id: string
  readonly endpointId: string
  readonly eventId: string
  readonly eventType: string
  readonly eventAt: Date
  readonly status: DeliveryStatus
  readonly attempts: number
  /** When it is tried next; for as long as it is being tried, when somebody else may take it. */
  readonly nextAt: Date
  readonly lastAttemptAt: Date | null
  readonly deliveredAt: Date | null
  readonly failure: WebhookFailure | null
  readonly httpStatus: number | null
  readonly answer: string | null
}

type WrittenStatus = Uppercase<DeliveryStatus>

export interface WebhookDeliveryFilter {
  readonly endpointId?: string | null
  readonly status?: WrittenStatus | null
  readonly eventType?: string | null
  readonly from?: Date | string | null
  readonly to?: Date | string | null
}

/** Which deliveries; null does not narrow. */
export interface DeliveryFilter {
  readonly endpointId: string | null
  readonly status: DeliveryStatus | null
  readonly eventType: string | null
  readonly from: Date | null
  readonly to: Date | null
}

const lowered = (status: WrittenStatus): DeliveryStatus => status.toLowerCase() as DeliveryStatus

const timeOf = (time: Date | string | null | undefined): Date | null => (time ? new Date(time) : null)

/** Longer than any id or kind of event. */
const wordMax = 128

/** Throws BAD_USER_INPUT, naming every part that cannot be one. */
export function parseDeliveryFilter(given: WebhookDeliveryFilter): DeliveryFilter {
  const { endpointId = null, status = null, eventType = null } = given
  const [from, to] = [timeOf(given.from), timeOf(given.to)]
  const overlong = Object.entries({ endpointId, eventType })
    .filter(([, word]) => word !== null && word.length > wordMax)
    .map(([name]): [string, string] => [`filter.${name}`, `must be ${wordMax} characters or fewer`])
  const isBackwards = from !== null && to !== null && from >= to
  const faults = [...overlong, ...(isBackwards ? [['filter.to', 'must be later than `from`'] as const] : [])]
  if (faults.length > 0) throw badInput(Object.fromEntries(faults))
  return { endpointId, status: status && lowered(status), eventType, from, to }
}

export interface ReplayWebhookDeliveriesInput {
  readonly endpointId: string
  readonly since?: Date | string | null
  readonly statuses?: readonly WrittenStatus[] | null
  readonly deliveryIds?: readonly string[] | null
}

/** What is sent again: these, or those of a time that came to an end in one of these ways. */
export type Replayed =
  | { readonly ids: readonly string[] }
  | { readonly since: Date; readonly statuses: readonly DeliveryStatus[] }

const namedMax = 100

const idsFault = `must name 1 to ${namedMax} deliveries`

/** Throws BAD_USER_INPUT unless it says which in one of the two ways. */
export function parseReplay({ since, statuses, deliveryIds }: ReplayWebhookDeliveriesInput): Replayed {
  const at = timeOf(since)
  if ((at === null) === (deliveryIds == null)) throw badInput({ input: 'takes either `since` or `deliveryIds`' })
  if (at) return { since: at, statuses: (statuses ?? (['FAILED'] as const)).map(lowered) }
  const ids = deliveryIds ?? []
  if (ids.length < 1 || ids.length > namedMax || ids.some((id) => id.length > wordMax))
    throw badInput({ 'input.deliveryIds': idsFault })
  return { ids }
}
