/** The ledger in Postgres. Sign-in is a hot path: each entry is one prepared statement. */
import type { Database } from '@latchkey/prisma'
import type { RowsOver } from '@latchkey/prisma/cleanup'
import type { Actor, Ledger, Revocation } from './ledger.ts'

const began = {
  name: 'sessions_ledger_began',
  text: `INSERT INTO sessions.audit_records (id, at, actor_kind, actor_id, on_behalf_of, action, target, outcome, request_id, detail)
    VALUES ($1, $2, $3, $4, $5, 'session.begin', $6, 'done', $7, $8)`,
}

const proved = {
  name: 'sessions_ledger_proved',
  text: `INSERT INTO sessions.audit_records (id, at, actor_kind, actor_id, on_behalf_of, action, target, outcome, request_id, detail)
    VALUES ($1, $2, $3, $4, $5, 'session.step-up', $6, 'done', $7, $8)`,
}

// One statement is one transaction. The audit record hangs on the revocation, so an ending is told once.
const ended = {
  name: 'sessions_ledger_ended',
  text: `WITH revoked AS (
      INSERT INTO sessions.revocations (session_id, user_id, revoked_at, until)
      VALUES ($1, $2, $3::timestamptz, $4) ON CONFLICT (session_id) DO NOTHING RETURNING session_id
    )
    INSERT INTO sessions.audit_records (id, at, actor_kind, actor_id, on_behalf_of, action, target, outcome, request_id, detail)
    SELECT $5, $3::timestamptz, $6, $7, $8, 'session.end', session_id, $9, $10, $11 FROM revoked RETURNING id`,
}

const revocations = {
  name: 'sessions_ledger_revocations',
  text: `SELECT session_id AS "sessionId", user_id AS "userId", revoked_at AS "revokedAt" FROM sessions.revocations
    WHERE (revoked_at, session_id) > ($1, $2) AND until > $3 ORDER BY revoked_at, session_id LIMIT 1000`,
}

/** Their sessions would have ended by themselves. */
export const revocationsOver: RowsOver = { table: 'sessions.revocations', over: 'r.until <= $1' }

const names = ({ kind, id, onBehalfOf }: Actor) => [kind, id, onBehalfOf ?? null]

export const prismaLedger = (database: Pick<Database, 'query'>): Ledger => ({
  async began({ sessionId, userId, amr, device, network, act }, { id, at, occasion: { actor, requestId }, reason }) {
    const impersonated = act && { write: act.write, reason }
    await database.query(began, [
      id,
      at,
      ...names(actor),
      sessionId,
      requestId,
      { userId, amr, device, network: network ?? null, ...impersonated },
    ])
  },
  async proved({ sessionId, userId }, { id, at, by, occasion: { actor, requestId } }) {
    await database.query(proved, [id, at, ...names(actor), sessionId, requestId, { userId, by }])
  },
  async ended({ sessionId, userId, endsAtMs }, { id, at, reason, occasion: { actor, requestId } }) {
    const session = [sessionId, userId, at, new Date(endsAtMs)]
    const entry = [id, ...names(actor), reason, requestId, { userId }]
    return (await database.query(ended, [...session, ...entry])).length === 1 ? 'added' : 'known'
  },
  revocations: ({ revokedAt, sessionId }, at) => database.query<Revocation>(revocations, [revokedAt, sessionId, at]),
})
