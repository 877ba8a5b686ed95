/** The rotation of keys in Postgres: short statements, so that nobody waits behind one. */
import type { Database } from '@latchkey/prisma'
import type { KeyRotationStore, LackingAccount, RowsOfKey, SealedDataKey } from './store.ts'

const identifiersByKey = {
  name: 'users_rotation_identifiers',
  text: 'SELECT key_id AS "keyId", count(*)::int AS rows FROM users.identifiers GROUP BY key_id ORDER BY key_id',
}
const lacking = {
  name: 'users_rotation_lacking',
  text: `SELECT a.id, k.sealed_key AS "sealedKey", a.email, a.username, a.external_id AS "externalId", missing.kinds
         FROM users.accounts a JOIN users.data_keys k ON k.account_id = a.id
         CROSS JOIN LATERAL (
           SELECT array_agg(i.kind) AS kinds FROM (
             SELECT i.kind FROM users.identifiers i WHERE i.account_id = a.id
             GROUP BY i.kind HAVING NOT bool_or(i.key_id = $1)) AS i) AS missing
         WHERE a.id > $2 AND missing.kinds IS NOT NULL ORDER BY a.id LIMIT $3`,
}
// The known row is locked: an identifier that is changed just now is changed before this, and found gone, or after it.
const addIdentifiers = {
  name: 'users_rotation_add',
  text: `WITH given AS (
           SELECT * FROM jsonb_to_recordset($1::jsonb)
             AS r (kind text, "accountId" text, "knownKeyId" text, "knownMac" text, "keyId" text, mac text)),
         known AS (
           SELECT i.kind, i.key_id, i.mac, i.account_id FROM users.identifiers i JOIN given g
             ON i.kind = g.kind AND i.key_id = g."knownKeyId" AND i.mac = g."knownMac" AND i.account_id = g."accountId"
           FOR SHARE OF i),
         added AS (
           INSERT INTO users.identifiers (kind, key_id, mac, account_id)
           SELECT g.kind, g."keyId", g.mac, g."accountId" FROM given g JOIN known k
             ON k.kind = g.kind AND k.key_id = g."knownKeyId" AND k.mac = g."knownMac"
           ON CONFLICT DO NOTHING RETURNING account_id)
         SELECT count(*)::int AS count FROM added`,
}
const moveTokens = {
  name: 'users_rotation_tokens',
  text: `WITH moved AS (
           UPDATE users.one_time_tokens t SET email_index_key_id = asked.key_id, email_index = asked.mac
           FROM (SELECT t.id, newer.key_id, newer.mac FROM users.one_time_tokens t
                 JOIN users.identifiers old ON old.kind = 'email' AND old.key_id = t.email_index_key_id AND old.mac = t.email_index
                 JOIN users.identifiers newer ON newer.account_id = old.account_id AND newer.kind = 'email' AND newer.key_id = $1
                 WHERE t.email_index_key_id <> $1 AND t.consumed_at IS NULL LIMIT $2) AS asked
           WHERE t.id = asked.id RETURNING t.id)
         SELECT count(*)::int AS count FROM moved`,
}
const removeIdentifiers = {
  name: 'users_rotation_remove',
  text: `WITH removed AS (
           DELETE FROM users.identifiers WHERE (kind, key_id, mac) IN (
             SELECT old.kind, old.key_id, old.mac FROM users.identifiers old
             WHERE old.key_id = $1 AND EXISTS (
               SELECT FROM users.identifiers newer
               WHERE newer.account_id = old.account_id AND newer.kind = old.kind AND newer.key_id = $2)
             LIMIT $3)
           RETURNING account_id)
         SELECT count(*)::int AS count FROM removed`,
}
const dataKeysByVersion = {
  name: 'users_rotation_data_keys',
  text: `SELECT split_part(sealed_key, '.', 1) AS "keyId", count(*)::int AS rows FROM users.data_keys GROUP BY 1 ORDER BY 1`,
}
const sealedOtherwise = {
  name: 'users_rotation_sealed_otherwise',
  text: `SELECT account_id AS "accountId", sealed_key AS "sealedKey" FROM users.data_keys
         WHERE account_id > $2 AND split_part(sealed_key, '.', 1) <> $1 ORDER BY account_id LIMIT $3`,
}
const replaceDataKeys = {
  name: 'users_rotation_reseal',
  text: `WITH replaced AS (
           UPDATE users.data_keys k SET sealed_key = g.resealed
           FROM jsonb_to_recordset($1::jsonb) AS g ("accountId" text, "sealedKey" text, resealed text)
           WHERE k.account_id = g."accountId" AND k.sealed_key = g."sealedKey" RETURNING k.account_id)
         SELECT count(*)::int AS count FROM replaced`,
}

export function prismaKeyRotationStore(database: Database): KeyRotationStore {
  const counted = async (statement: { name: string; text: string }, values: unknown[]) =>
    (await database.query<{ count: number }>(statement, values))[0]?.count ?? 0
  return {
    identifiersByKey: () => database.query<RowsOfKey>(identifiersByKey, []),
    lacking: ({ keyId, after, max }) => database.query<LackingAccount>(lacking, [keyId, after, max]),
    addIdentifiers: (pairs) => counted(addIdentifiers, [JSON.stringify(pairs)]),
    moveTokens: ({ keyId, max }) => counted(moveTokens, [keyId, max]),
    removeIdentifiers: ({ keyId, newerKeyId, max }) => counted(removeIdentifiers, [keyId, newerKeyId, max]),
    dataKeysByVersion: () => database.query<RowsOfKey>(dataKeysByVersion, []),
    sealedOtherwise: ({ keyId, after, max }) => database.query<SealedDataKey>(sealedOtherwise, [keyId, after, max]),
    replaceDataKeys: (replaced) => counted(replaceDataKeys, [JSON.stringify(replaced)]),
  }
}
