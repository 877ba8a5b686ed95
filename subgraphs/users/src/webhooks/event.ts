/** An event as it leaves the house: an audit record, its ids and what came of it, and nothing that says who or where somebody is. Pure. */
import type { ShownRecord } from '@latchkey/audit'

/** What `webhookDeliveries` and receivers know an event by. */
export interface WebhookEvent {
  /** Of the audit record: the same in every delivery and for ever. */
  readonly id: string
  readonly type: string
  readonly at: Date
  /** JSON. */
  readonly body: string
}

/** The form of `data`. Members may be added to one; whatever else changes is another. */
const bodyVersion = 1

/** Of what is recorded beside the ids: devices and networks say where somebody is, reasons are written by people. */
const keptInTheHouse: ReadonlySet<string> = new Set(['device', 'network', 'reason'])

const publicDetail = (detail: ShownRecord['detail']) =>
  Object.fromEntries(Object.entries(detail ?? {}).filter(([name]) => !keptInTheHouse.has(name)))

export function eventOf(source: string, record: ShownRecord): WebhookEvent {
  const { id, action: type, at, actorKind, actorId, onBehalfOf, target, outcome, requestId, detail } = record
  const data = {
    ...{ id, source, actor: { kind: actorKind, id: actorId, onBehalfOf } },
    ...{ target, outcome, requestId, detail: publicDetail(detail) },
  }
  return { id, type, at, body: JSON.stringify({ type, timestamp: at.toISOString(), version: bodyVersion, data }) }
}

export const testType = 'webhook.test'

/** What an administrator sends to see that it arrives. */
export const testEvent = (id: string, at: Date): WebhookEvent => ({
  ...{ id, at, type: testType },
  body: JSON.stringify({ type: testType, timestamp: at.toISOString(), version: bodyVersion, data: { id } }),
})
