/** What Postgres knows of a person's signing in. */
import type { Database } from '@latchkey/prisma'
import type { KeptAttempt, PersonStore } from './store.ts'

const attempts = {
  name: 'sessions_privacy_attempts',
  text: `SELECT id, at, device, network, method, outcome, sealed_address AS "sealedAddress",
      device_id AS "deviceId" FROM sessions.sign_in_attempts
    WHERE user_id = $1 ORDER BY at DESC, id DESC LIMIT $2`,
}

// Attempts on the address from before there was an account are the person's too.
// Revocations stay: they name the account by its id alone, keep an old copy of Redis from reviving a session, and go with it.
const forget = {
  name: 'sessions_privacy_forget',
  text: `WITH named AS (
      SELECT DISTINCT identifier_index FROM sessions.sign_in_attempts WHERE user_id = $1 AND identifier_index <> ''),
    gone AS (
      DELETE FROM sessions.sign_in_attempts WHERE user_id = $1
        OR (user_id IS NULL AND identifier_index IN (SELECT identifier_index FROM named)) RETURNING id),
    forgiven AS (DELETE FROM sessions.sign_in_unlocks WHERE subject = $1 OR subject IN (SELECT identifier_index FROM named)),
    record AS (
      INSERT INTO sessions.audit_records (id, at, actor_kind, actor_id, action, target, outcome, request_id)
      SELECT $3, $4, $5, $6, 'user.forget', $1, 'done', $7 WHERE $2::int + (SELECT count(*) FROM gone) > 0)
    SELECT count(*)::int AS count FROM gone`,
}

export const prismaPersonStore = (database: Pick<Database, 'query'>): PersonStore => ({
  attemptsOf: (userId, max) => database.query<KeptAttempt>(attempts, [userId, max]),
  async forgetAttempts({ id, at, userId, forgotten, occasion: { actor, requestId } }) {
    const record = [id, at, actor.kind, actor.id, requestId]
    const [gone] = await database.query<{ count: number }>(forget, [userId, forgotten, ...record])
    return gone?.count ?? 0
  },
})
