/** Webhook deliveries in Postgres, as administrators see them and have them sent again. */
import type { Database } from '@latchkey/prisma'
import type { RowsOver } from '@latchkey/prisma/cleanup'
import { consequencesJson, writeConsequences } from '../consequences/store.prisma.ts'
import type { WebhookDelivery } from './delivery.ts'
import type { DeliveryQuery, DeliveryStore } from './store.ts'

const columns = `d.id, d.endpoint_id AS "endpointId", d.event_id AS "eventId", d.event_type AS "eventType", d.event_at AS "eventAt",
  d.status, d.attempts, d.next_at AS "nextAt", d.last_attempt_at AS "lastAttemptAt", d.delivered_at AS "deliveredAt", d.failure,
  d.http_status AS "httpStatus", d.answer`

/** One statement for each shape of the question, so that each is planned for its own index. */
function pageStatement({ filter, after, limit }: DeliveryQuery) {
  const values: unknown[] = [limit]
  const bind = (value: unknown) => `$${values.push(value)}`
  const conditions = {
    endpoint: filter.endpointId && `d.endpoint_id = ${bind(filter.endpointId)}`,
    status: filter.status && `d.status = ${bind(filter.status)}`,
    type: filter.eventType && `d.event_type = ${bind(filter.eventType)}`,
    from: filter.from && `d.event_at >= ${bind(filter.from)}`,
    to: filter.to && `d.event_at < ${bind(filter.to)}`,
    after: after && `(d.event_at, d.id) < (${bind(after.at)}, ${bind(after.id)})`,
  }
  const narrowing = Object.entries(conditions).filter(([, condition]) => condition)
  const where = narrowing.length > 0 ? `WHERE ${narrowing.map(([, condition]) => condition).join(' AND ')}` : ''
  const text = `SELECT ${columns} FROM users.webhook_deliveries d ${where} ORDER BY d.event_at DESC, d.id DESC LIMIT $1`
  return { name: ['users_webhook_deliveries', ...narrowing.map(([name]) => name)].join('_'), text, values }
}

const owner = `owner AS (SELECT e.id FROM users.webhook_endpoints e WHERE e.id = $1 AND e.status = 'enabled')`

const addDelivery = {
  name: 'users_webhook_delivery_add',
  text: `WITH ${owner},
         added AS (
           INSERT INTO users.webhook_deliveries AS d (id, endpoint_id, event_id, event_type, event_at, body, status, next_at)
           SELECT $2, owner.id, $3, $4, $5, $6, 'pending', $7 FROM owner RETURNING ${columns}),
         ${writeConsequences('$8', 'owner')}
         SELECT * FROM added`,
}

const replay = (name: string, chosen: string) => ({
  name: `users_webhook_replay_${name}`,
  text: `WITH ${owner},
         again AS (
           UPDATE users.webhook_deliveries d SET status = 'pending', attempts = 0, next_at = $2, delivered_at = NULL FROM owner
           WHERE d.id = ANY(ARRAY(SELECT w.id FROM users.webhook_deliveries w
             WHERE w.endpoint_id = $1 AND w.status <> 'pending' AND ${chosen}
             ORDER BY w.event_at, w.id LIMIT $3))
           RETURNING d.id),
         ${writeConsequences('$4', 'owner')}
         SELECT (SELECT count(*)::int FROM again) AS count FROM owner`,
})

const replayNamed = replay('named', 'w.id = ANY($5::text[])')
const replaySince = replay('since', 'w.event_at >= $5 AND w.status = ANY($6::text[])')

/** Those that nothing has happened to since. The first condition is what the index is for. */
export const deliveriesOver: RowsOver = {
  table: 'users.webhook_deliveries',
  over: 'r.event_at < $1 AND coalesce(r.last_attempt_at, r.event_at) < $1',
}

export const prismaDeliveryStore = (database: Pick<Database, 'query'>): DeliveryStore => ({
  page(query) {
    const { name, text, values } = pageStatement(query)
    return database.query<WebhookDelivery>({ name, text }, values)
  },
  async add({ id, endpointId, event }, at, consequences) {
    const values = [endpointId, id, event.id, event.type, event.at, event.body, at, consequencesJson(consequences)]
    return (await database.query<WebhookDelivery>(addDelivery, values))[0] ?? null
  },
  async replay({ endpointId, replayed, at, max, consequences }) {
    const values = [endpointId, at, max, consequencesJson(consequences)]
    const [row] =
      'ids' in replayed
        ? await database.query<{ count: number }>(replayNamed, [...values, replayed.ids])
        : await database.query<{ count: number }>(replaySince, [...values, replayed.since, replayed.statuses])
    return row?.count ?? null
  },
})
