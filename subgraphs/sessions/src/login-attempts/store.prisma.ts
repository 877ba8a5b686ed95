/** Login attempts in Postgres. */
import type { Database } from '@latchkey/prisma'
import type { RowsOver } from '@latchkey/prisma/cleanup'
import type { LoginAttempt } from './login-attempt.ts'
import type { LoginAttemptQuery, LoginAttemptStore } from './store.ts'

// The row itself is not seen by the statement that adds it.
const earlier = `SELECT FROM sessions.sign_in_attempts e WHERE e.user_id = $5::text AND e.outcome = 'SIGNED_IN'`

const add = {
  name: 'sessions_login_attempt_add',
  text: `WITH added AS (INSERT INTO sessions.sign_in_attempts
      (id, at, method, outcome, user_id, device, network, identifier_index, sealed_address, request_id,
       network_index, device_id, forgave)
    VALUES ($1, $2, $3, $4, $5::text, $6::text, $7, $8, $9, $10, $11, $12, $13)
    RETURNING outcome = 'SIGNED_IN' AND EXISTS (${earlier})
      AND NOT EXISTS (${earlier} AND e.device = $6::text) AS "newDevice"),
    audited AS (
      INSERT INTO sessions.audit_records (id, at, actor_kind, action, target, outcome, request_id, detail)
      SELECT $14, $2, 'anonymous', 'sign-in.refuse', $5::text, lower($4), $10,
        jsonb_build_object('method', $3::text, 'device', $6::text, 'network', $7::text)
      WHERE $4 IN ('REFUSED', 'LOCKED')
    )
    SELECT "newDevice" FROM added`,
}

export const loginAttemptsOver: RowsOver = { table: 'sessions.sign_in_attempts', over: 'r.at < $1' }

/** One statement for each shape of the question, so that each is planned for its own index. */
function pageStatement({ userId, identifierIndexes, outcome, after, limit }: LoginAttemptQuery) {
  const values: unknown[] = [limit]
  const bind = (value: unknown) => `$${values.push(value)}`
  const where = [
    ...(userId === null ? [] : [`user_id = ${bind(userId)}`]),
    ...(identifierIndexes === null ? [] : [`identifier_index = ANY(${bind(identifierIndexes)}::text[])`]),
    ...(outcome === null ? [] : [`outcome = ${bind(outcome)}`]),
    ...(after === null ? [] : [`(at, id) < (${bind(after.at)}, ${bind(after.id)})`]),
  ]
  const text = `SELECT id, at, method, outcome, user_id AS "userId", device, network FROM sessions.sign_in_attempts
    ${where.length > 0 ? `WHERE ${where.join(' AND ')}` : ''} ORDER BY at DESC, id DESC LIMIT $1`
  const shape = [userId && 'user', identifierIndexes && 'identifier', outcome && 'outcome', after && 'after']
  return { name: `sessions_login_attempts_${shape.filter(Boolean).join('_')}`, text, values }
}

export const prismaLoginAttemptStore = (database: Pick<Database, 'query'>): LoginAttemptStore => ({
  async add({ id, at, method, outcome, userId, device, network, ...counted }) {
    const { identifierIndex, sealedAddress, requestId, networkIndex, deviceId, forgave, auditId } = counted
    const named = [
      userId,
      device,
      network,
      identifierIndex,
      sealedAddress,
      requestId,
      networkIndex,
      deviceId,
      forgave,
      auditId,
    ]
    const [added] = await database.query<{ newDevice: boolean }>(add, [id, at, method, outcome, ...named])
    return { newDevice: added?.newDevice ?? false }
  },
  async page(query) {
    const { name, text, values } = pageStatement(query)
    return database.query<LoginAttempt>({ name, text }, values)
  },
})
