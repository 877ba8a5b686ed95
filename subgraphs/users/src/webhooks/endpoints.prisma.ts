/** Webhook endpoints in Postgres. */
import type { Database } from '@latchkey/prisma'
import { consequencesJson, writeConsequences } from '../consequences/store.prisma.ts'
import { insertRow, rowJson } from '../sql.ts'
import type { StoredEndpoint } from './endpoint.ts'
import type { EndpointStore } from './store.ts'

/** Held by whoever makes or removes one: how many there are is decided from all of them. */
const endpointsLock = 'users.webhook-endpoints'

const columns = `e.id, e.url, e.description, e.event_types AS "eventTypes", e.status, e.disabled_why AS "disabledWhy",
  e.disabled_at AS "disabledAt", e.secret, e.previous_secret AS "previousSecret", e.previous_until AS "previousUntil",
  e.failing_since AS "failingSince", e.created_by AS "createdBy", e.created_at AS "createdAt"`

const readAll = {
  name: 'users_webhook_endpoints',
  text: `SELECT ${columns} FROM users.webhook_endpoints e ORDER BY e.created_at, e.id`,
}
const readOne = {
  name: 'users_webhook_endpoint',
  text: `SELECT ${columns} FROM users.webhook_endpoints e WHERE e.id = $1`,
}

const row = ({ id, url, description, eventTypes, status, secret, createdBy, createdAt }: StoredEndpoint) =>
  rowJson({
    ...{ id, url, description, status, secret },
    ...{ event_types: eventTypes, created_by: createdBy, created_at: createdAt },
  })
const rowColumns = ['id', 'url', 'description', 'status', 'secret', 'event_types', 'created_by', 'created_at']

const addEndpoint = {
  name: 'users_webhook_endpoint_add',
  text: `WITH room AS (SELECT WHERE (SELECT count(*) FROM users.webhook_endpoints) < $2::int),
         added AS (
           ${insertRow({ table: 'users.webhook_endpoints', columns: rowColumns, parameter: '$1', onlyFor: 'room' })}
           RETURNING id),
         ${writeConsequences('$3', 'added')}
         SELECT id FROM added`,
}

// Whoever says again that it is enabled, or that it is somewhere else, begins anew.
const updateEndpoint = {
  name: 'users_webhook_endpoint_update',
  text: `WITH changed AS (
           UPDATE users.webhook_endpoints e SET url = coalesce($2::text, e.url), description = coalesce($3::text, e.description),
             event_types = coalesce($4::text[], e.event_types), status = coalesce($5::text, e.status),
             disabled_why = CASE WHEN $5 = 'enabled' THEN NULL WHEN $5 = 'disabled' AND e.status = 'enabled' THEN 'administrator'
                                 ELSE e.disabled_why END,
             disabled_at = CASE WHEN $5 = 'enabled' THEN NULL WHEN $5 = 'disabled' AND e.status = 'enabled' THEN $6::timestamptz
                                ELSE e.disabled_at END,
             failing_since = CASE WHEN $5 = 'enabled' OR $2::text IS NOT NULL THEN NULL ELSE e.failing_since END
           WHERE e.id = $1 RETURNING ${columns}),
         ${writeConsequences('$7', 'changed')}
         SELECT * FROM changed`,
}

// When nobody is left to send to, the chains are not followed any more: whoever comes next begins with their own time.
const removeEndpoint = {
  name: 'users_webhook_endpoint_remove',
  text: `WITH gone AS (DELETE FROM users.webhook_endpoints WHERE id = $1 RETURNING id),
         unfollowed AS (
           DELETE FROM users.webhook_cursors WHERE EXISTS (SELECT FROM gone)
             AND NOT EXISTS (SELECT FROM users.webhook_endpoints WHERE id <> $1)),
         ${writeConsequences('$2', 'gone')}
         SELECT id FROM gone`,
}

const changeSecret = {
  name: 'users_webhook_endpoint_change_secret',
  text: `WITH changed AS (
           UPDATE users.webhook_endpoints SET secret = $3, previous_secret = $4, previous_until = $5
           WHERE id = $1 AND secret = $2 RETURNING id),
         ${writeConsequences('$6', 'changed')}
         SELECT id FROM changed`,
}

export const prismaEndpointStore = (database: Pick<Database, 'query' | 'queryAlone'>): EndpointStore => ({
  all: () => database.query<StoredEndpoint>(readAll, []),
  async byId(id) {
    return (await database.query<StoredEndpoint>(readOne, [id]))[0] ?? null
  },
  async add(endpoint, { max, consequences }) {
    const values = [row(endpoint), max, consequencesJson(consequences)]
    return (await database.queryAlone(endpointsLock, addEndpoint, values)).length === 1 ? 'added' : 'full'
  },
  async update({ id, url, description, eventTypes, status, at, consequences }) {
    const values = [id, url, description, eventTypes, status, at, consequencesJson(consequences)]
    return (await database.query<StoredEndpoint>(updateEndpoint, values))[0] ?? null
  },
  async remove(id, consequences) {
    const gone = await database.queryAlone(endpointsLock, removeEndpoint, [id, consequencesJson(consequences)])
    return gone.length === 1 ? 'removed' : 'unknown'
  },
  async changeSecret({ id, was, secret, previousSecret, previousUntil, consequences }) {
    const values = [id, was, secret, previousSecret, previousUntil, consequencesJson(consequences)]
    return (await database.query(changeSecret, values)).length === 1 ? 'changed' : 'stale'
  },
})
