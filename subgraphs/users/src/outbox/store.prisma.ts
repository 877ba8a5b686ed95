/** The outbox in Postgres. */
import type { Database } from '@latchkey/prisma'
import type { RowsOver } from '@latchkey/prisma/cleanup'
import type { Waiting } from '@latchkey/subgraph/backlog'
import { insertRow, rowJson } from '../sql.ts'
import type { OutboxMessage } from './outbox.ts'
import type { OutboxStore, TakenMessage } from './store.ts'

export const outboxColumns = ['ref', 'kind', 'subject_id', 'payload', 'created_at', 'available_at']

/** For the statement that makes the change. */
export const outboxRow = ({
  subjectId,
  createdAt,
  availableAt,
  ...message
}: OutboxMessage): Record<string, unknown> => ({
  ...message,
  subject_id: subjectId,
  created_at: createdAt,
  available_at: availableAt,
})

const addOnce = {
  name: 'users_outbox_add_once',
  text: `${insertRow({ table: 'users.outbox', columns: outboxColumns, parameter: '$1' })} ON CONFLICT (ref) DO NOTHING`,
}

// SKIP LOCKED: replicas that look at the same moment each get messages of their own.
const takeDue = {
  name: 'users_outbox_take',
  text: `UPDATE users.outbox SET attempts = attempts + 1, available_at = $3
         WHERE id IN (SELECT id FROM users.outbox
                      WHERE delivered_at IS NULL AND available_at <= $2 AND kind = ANY($1::text[]) AND attempts < $4
                      ORDER BY id LIMIT $5 FOR UPDATE SKIP LOCKED)
         RETURNING id::text, ref, kind, payload, created_at AS "createdAt", attempts`,
}
// One that failed before waits for its next try, and has waited since it was made.
const readBacklog = {
  name: 'users_outbox_backlog',
  text: `SELECT kind, count(*) FILTER (WHERE attempts < $2)::int AS count, count(*) FILTER (WHERE attempts >= $2)::int AS "givenUp",
           min(CASE attempts WHEN 0 THEN available_at ELSE created_at END) AS "oldestAt"
         FROM (SELECT kind, attempts, available_at, created_at FROM users.outbox
               WHERE delivered_at IS NULL AND (available_at <= $1 OR attempts > 0) ORDER BY available_at LIMIT 10000) AS due
         GROUP BY kind`,
}
const markDelivered = {
  name: 'users_outbox_delivered',
  text: `UPDATE users.outbox SET delivered_at = $2, payload = CASE $3 WHEN 'keep' THEN payload ELSE '' END, last_error = NULL
         WHERE id = $1::bigint`,
}
const markFailed = {
  name: 'users_outbox_failed',
  text: 'UPDATE users.outbox SET available_at = $2, last_error = $3 WHERE id = $1::bigint AND delivered_at IS NULL',
}
export const deliveredOver: RowsOver = { table: 'users.outbox', over: 'r.delivered_at < $1' }

export const prismaOutboxStore = (database: Database): OutboxStore => ({
  async addOnce(message) {
    await database.query(addOnce, [rowJson(outboxRow(message))])
  },
  async take({ kinds, now, leaseEndsAt, attemptsMax, max }) {
    const taken = await database.query<TakenMessage>(takeDue, [kinds, now, leaseEndsAt, attemptsMax, max])
    return taken.sort((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1))
  },
  async delivered(id, at, afterwards) {
    await database.query(markDelivered, [id, at, afterwards])
  },
  async failed(id, retryAt, error) {
    await database.query(markFailed, [id, retryAt, error])
  },
  backlog: (now, attemptsMax) => database.query<Waiting>(readBacklog, [now, attemptsMax]),
})
