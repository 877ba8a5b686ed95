/** Security events in Postgres: read from the audit records. */
import type { Database } from '@latchkey/prisma'
import type { StoredEvent } from './security-event.ts'
import type { SecurityEventStore } from './store.ts'

// The index (target, at) gives them in order; only those of one millisecond are sorted.
const readEvents = {
  name: 'users_security_events',
  text: `SELECT r.id, r.at, r.action, r.actor_kind AS "actorKind", r.actor_id AS "actorId",
                r.detail->>'device' AS device, r.detail->>'network' AS network
         FROM users.audit_records r
         WHERE r.target = $1 AND r.at > $2 AND r.action = ANY($3::text[])
           AND r.at <= $4 AND (r.at, r.id) < ($4, $5)
         ORDER BY r.at DESC, r.id DESC LIMIT $6`,
}

const readEvent = {
  name: 'users_security_event',
  text: `SELECT r.id, r.at, r.action, r.actor_kind AS "actorKind", r.actor_id AS "actorId",
                r.detail->>'device' AS device, r.detail->>'network' AS network
         FROM users.audit_records r WHERE r.id = $2 AND r.target = $1`,
}

const findRecords = {
  name: 'users_security_events_on_record',
  text: 'SELECT r.id FROM users.audit_records r WHERE r.id = ANY($1::text[])',
}

/** Before every place. */
const end = { at: new Date('9999-12-31T23:59:59Z'), id: '' }

export const prismaSecurityEventStore = (database: Database): SecurityEventStore => ({
  list({ accountId, actions, since, after, max }) {
    const { at, id } = after ?? end
    return database.query<StoredEvent>(readEvents, [accountId, since, actions, at, id, max])
  },
  async one(accountId, id) {
    const [found] = await database.query<StoredEvent>(readEvent, [accountId, id])
    return found ?? null
  },
  async onRecord(ids) {
    return (await database.query<{ id: string }>(findRecords, [ids])).map(({ id }) => id)
  },
})
