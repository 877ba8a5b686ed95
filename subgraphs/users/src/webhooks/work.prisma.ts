/** What is done about webhooks beside the requests, in Postgres: any number of processes do it, and none does it twice. */
import type { Database } from '@latchkey/prisma'
import { consequencesJson, writeConsequences } from '../consequences/store.prisma.ts'
import { rowJson } from '../sql.ts'
import type { Backlog, FollowedEvents, TakenDelivery, TriedDelivery, WorkedEndpoint, WorkStore } from './store.ts'

/** The names of these statements begin alike: they belong to no request. */
const named = (name: string, text: string) => ({ name: `users_webhook_work_${name}`, text })

const endpoints = named(
  'endpoints',
  `SELECT e.id, e.event_types AS "eventTypes", e.created_at AS "createdAt",
          e.status = 'enabled' AND EXISTS (SELECT FROM users.webhook_deliveries d
            WHERE d.endpoint_id = e.id AND d.status = 'pending' AND d.next_at <= $1) AS "isDue"
   FROM users.webhook_endpoints e`,
)

const cursors = named('cursors', 'SELECT chain, seq FROM users.webhook_cursors')

// Of two processes that read the same records one moves the place, and the other adds nothing.
const follow = named(
  'follow',
  `WITH begun AS (
     INSERT INTO users.webhook_cursors (chain, seq) SELECT $1, $3::bigint
     WHERE $2::bigint IS NULL AND EXISTS (SELECT FROM users.webhook_endpoints) ON CONFLICT (chain) DO NOTHING RETURNING chain),
   moved AS (UPDATE users.webhook_cursors SET seq = $3::bigint WHERE chain = $1 AND seq = $2::bigint RETURNING chain),
   followed AS (SELECT chain FROM begun UNION ALL SELECT chain FROM moved),
   added AS (
     INSERT INTO users.webhook_deliveries (id, endpoint_id, event_id, event_type, event_at, body, status, next_at)
     SELECT d.id, e.id, v.id, v.type, v.at, v.body, 'pending', $5
     FROM followed, jsonb_to_recordset($4::jsonb->'deliveries') AS d (id text, "endpointId" text, "eventId" text)
     JOIN jsonb_to_recordset($4::jsonb->'events') AS v (id text, type text, at timestamptz, body text) ON v.id = d."eventId"
     JOIN users.webhook_endpoints e ON e.id = d."endpointId"
     ON CONFLICT (endpoint_id, event_id) DO NOTHING)
   SELECT chain FROM followed`,
)

// SKIP LOCKED: processes that look at the same moment each get deliveries of their own.
const take = named(
  'take',
  `UPDATE users.webhook_deliveries d SET attempts = d.attempts + 1, next_at = $3 FROM users.webhook_endpoints e
   WHERE e.id = d.endpoint_id AND d.id = ANY(ARRAY(
     SELECT w.id FROM users.webhook_deliveries w JOIN users.webhook_endpoints n ON n.id = w.endpoint_id AND n.status = 'enabled'
     WHERE w.endpoint_id = $1 AND w.status = 'pending' AND w.next_at <= $2 ORDER BY w.next_at, w.event_at LIMIT $4
     FOR UPDATE OF w SKIP LOCKED))
   RETURNING d.id AS "deliveryId", d.event_id AS "eventId", d.event_type AS "eventType", d.body, d.attempts, e.id, e.url, e.secret,
     e.previous_secret AS "previousSecret", e.previous_until AS "previousUntil", e.failing_since AS "failingSince",
     e.created_by AS "createdBy"`,
)

const arrived = named(
  'arrived',
  `WITH done AS (
     UPDATE users.webhook_deliveries SET status = 'delivered', delivered_at = $2, last_attempt_at = $2, http_status = $3,
       failure = NULL, answer = NULL
     WHERE id = $1 RETURNING endpoint_id)
   UPDATE users.webhook_endpoints e SET failing_since = NULL FROM done WHERE e.id = done.endpoint_id AND e.failing_since IS NOT NULL`,
)

const failed = named(
  'failed',
  `WITH done AS (
     UPDATE users.webhook_deliveries SET status = CASE WHEN $4::timestamptz IS NULL THEN 'failed' ELSE 'pending' END,
       next_at = coalesce($4, next_at), last_attempt_at = $3, failure = $5, http_status = $6, answer = $7
     WHERE id = $1 AND attempts = $2 AND status = 'pending' RETURNING endpoint_id)
   UPDATE users.webhook_endpoints e SET failing_since = $3 FROM done WHERE e.id = done.endpoint_id AND e.failing_since IS NULL`,
)

const disable = named(
  'disable',
  `WITH changed AS (
     UPDATE users.webhook_endpoints SET status = 'disabled', disabled_why = $2, disabled_at = $3
     WHERE id = $1 AND status = 'enabled' AND ($2 = 'gone' OR failing_since <= $4) RETURNING id),
   ${writeConsequences('$5', 'changed')}
   SELECT id FROM changed`,
)

const backlog = named(
  'backlog',
  `SELECT waits.count AS waiting, waits.oldest AS "oldestAt",
          (count(*) FILTER (WHERE e.status = 'enabled' AND e.failing_since IS NULL))::int AS enabled,
          (count(*) FILTER (WHERE e.status = 'enabled' AND e.failing_since IS NOT NULL))::int AS failing,
          (count(*) FILTER (WHERE e.status = 'disabled'))::int AS disabled
   FROM (SELECT count(*)::int AS count, min(event_at) AS oldest FROM (
           SELECT d.event_at FROM users.webhook_deliveries d JOIN users.webhook_endpoints n ON n.id = d.endpoint_id
           WHERE d.status = 'pending' AND n.status = 'enabled' ORDER BY d.event_at LIMIT 10000) AS pending) AS waits
   LEFT JOIN users.webhook_endpoints e ON true GROUP BY waits.count, waits.oldest`,
)

function followedJson({ deliveries }: FollowedEvents): string {
  const events = new Map(deliveries.map(({ event }) => [event.id, event]))
  const rows = deliveries.map(({ id, endpointId, event }) => ({ id, endpointId, eventId: event.id }))
  return rowJson({ events: [...events.values()], deliveries: rows })
}

export function prismaWorkStore(database: Pick<Database, 'query'>): WorkStore {
  const told = ({ outcome: { failure, httpStatus, answer } }: TriedDelivery) => [failure, httpStatus, answer]
  return {
    endpoints: (now) => database.query<WorkedEndpoint>(endpoints, [now]),
    async cursors() {
      const rows = await database.query<{ chain: string; seq: string }>(cursors, [])
      return new Map(rows.map(({ chain, seq }) => [chain, Number(seq)]))
    },
    async follow(events) {
      const values = [events.chain, events.was, events.now, followedJson(events), events.at]
      return (await database.query(follow, values)).length === 1 ? 'followed' : 'late'
    },
    take: (endpointId, { now, leaseEndsAt, max }) =>
      database.query<TakenDelivery>(take, [endpointId, now, leaseEndsAt, max]),
    async arrived({ deliveryId, at, outcome }) {
      await database.query(arrived, [deliveryId, at, outcome.httpStatus])
    },
    async failed(tried) {
      const { deliveryId, attempts, at, nextAt } = tried
      await database.query(failed, [deliveryId, attempts, at, nextAt, ...told(tried)])
    },
    async disable({ id, why, at, failingBefore, consequences }) {
      const values = [id, why, at, failingBefore, consequencesJson(consequences)]
      return (await database.query(disable, values)).length === 1 ? 'disabled' : 'unchanged'
    },
    async backlog() {
      const [row] = await database.query<Backlog>(backlog, [])
      return row ?? { waiting: 0, oldestAt: null, enabled: 0, failing: 0, disabled: 0 }
    },
  }
}
