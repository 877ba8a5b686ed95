/** Signing keys in Postgres. */
import type { Database, Statement } from '@latchkey/prisma'
import type { KeyStation } from './schedule.ts'
import type { SigningKey } from './signing-key.ts'
import type { KeyRecord, SigningKeyStore } from './store.ts'

const published = {
  name: 'sessions_signing_keys_published',
  text: `SELECT kid, state, public_jwk AS "publicJwk", sealed_private_key AS "sealedPrivateKey"
    FROM sessions.signing_keys WHERE state IN ('next', 'active', 'retiring') ORDER BY created_at DESC, kid`,
}

const stations = {
  name: 'sessions_signing_keys_stations',
  text: `SELECT kid, state, CASE state WHEN 'next' THEN published_at WHEN 'active' THEN active_at ELSE retiring_at END AS since
    FROM sessions.signing_keys WHERE state IN ('next', 'active', 'retiring') ORDER BY created_at DESC, kid`,
}

// `slot` is unique: there is room for one active key, and whoever comes second adds nothing.
const addFirst = {
  name: 'sessions_signing_keys_add_first',
  text: `INSERT INTO sessions.signing_keys
      (kid, state, slot, public_jwk, sealed_private_key, created_at, published_at, active_at)
    VALUES ($1, 'active', 'active', $2, $3, $4, $4, $4) ON CONFLICT (slot) DO NOTHING`,
}

/** The record of a step, for the row of the CTE `changed`. */
const record = (id: string, actorKind: string, outcome: string, at: string) =>
  `INSERT INTO sessions.audit_records (id, at, actor_kind, actor_id, action, target, outcome, request_id)
   SELECT ${id}, ${at}::timestamptz, ${actorKind}, CASE ${actorKind} WHEN 'service' THEN 'sessions' END, 'signing-key.rotate', kid, ${outcome}, ''
   FROM changed RETURNING target`

const addNext = {
  name: 'sessions_signing_keys_add_next',
  text: `WITH changed AS (
      INSERT INTO sessions.signing_keys (kid, state, slot, public_jwk, sealed_private_key, created_at, published_at)
      VALUES ($1, 'next', 'next', $2, $3, $4, $4) ON CONFLICT (slot) DO NOTHING RETURNING kid)
    ${record('$5', '$6::text', '$7', '$4')}`,
}

// The old key leaves the slot before the new one enters it: the second update waits for the answer of the first.
const promote = {
  name: 'sessions_signing_keys_promote',
  text: `WITH leaving AS (
      UPDATE sessions.signing_keys SET state = 'retiring', slot = NULL, retiring_at = $2
      WHERE state = 'active' AND EXISTS (SELECT FROM sessions.signing_keys WHERE kid = $1 AND state = 'next') RETURNING kid),
    changed AS (
      UPDATE sessions.signing_keys SET state = 'active', slot = 'active', active_at = $2
      WHERE kid = $1 AND state = 'next' AND (SELECT count(*) FROM leaving) = 1 RETURNING kid)
    ${record('$3', '$4::text', '$5', '$2')}`,
}

const retire = {
  name: 'sessions_signing_keys_retire',
  text: `WITH changed AS (
      UPDATE sessions.signing_keys SET state = 'retired', retired_at = $2, sealed_private_key = ''
      WHERE kid = $1 AND state = 'retiring' RETURNING kid)
    ${record('$3', '$4::text', '$5', '$2')}`,
}

const replaceAll = {
  name: 'sessions_signing_keys_replace_all',
  text: `WITH leaving AS (
      UPDATE sessions.signing_keys SET state = 'retired', slot = NULL, retired_at = $4, sealed_private_key = ''
      WHERE state <> 'retired' RETURNING kid),
    changed AS (
      INSERT INTO sessions.signing_keys
        (kid, state, slot, public_jwk, sealed_private_key, created_at, published_at, active_at)
      SELECT $1, 'active', 'active', $2::jsonb, $3, $4::timestamptz, $4, $4 WHERE (SELECT count(*) FROM leaving) >= 0
      RETURNING kid)
    ${record('$5', '$6::text', '$7', '$4')}`,
}

const recordOf = ({ id, actorKind, outcome }: KeyRecord) => [id, actorKind, outcome]

export function prismaSigningKeyStore(database: Pick<Database, 'query'>): SigningKeyStore {
  const change = async (statement: Statement, values: unknown[]) =>
    (await database.query(statement, values)).length === 1
  return {
    published: () => database.query<SigningKey>(published, []),
    stations: () => database.query<KeyStation>(stations, []),
    async addFirst({ kid, publicJwk, sealedPrivateKey }, at) {
      await database.query(addFirst, [kid, publicJwk, sealedPrivateKey, at])
    },
    addNext: ({ kid, publicJwk, sealedPrivateKey }, entry) =>
      change(addNext, [kid, publicJwk, sealedPrivateKey, entry.at, ...recordOf(entry)]),
    promote: (kid, entry) => change(promote, [kid, entry.at, ...recordOf(entry)]),
    retire: (kid, entry) => change(retire, [kid, entry.at, ...recordOf(entry)]),
    async replaceAll({ kid, publicJwk, sealedPrivateKey }, entry) {
      await change(replaceAll, [kid, publicJwk, sealedPrivateKey, entry.at, ...recordOf(entry)])
    },
  }
}
