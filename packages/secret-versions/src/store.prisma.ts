/** Versions of secrets in Postgres: short statements, so that nobody waits behind one. */
import type { Database, Statement } from '@latchkey/prisma'
import { columnOf, type NamedColumn, type SealedColumn, type SecretColumn, tableOf, versionOf } from './column.ts'
import type { SealedRow, SecretVersionStore, VersionCount } from './store.ts'

// All of it is written by us, none by whoever asks.
const named = (what: string, { name }: SecretColumn, text: string): Statement => ({
  name: `secrets_${what}_${name}`.replaceAll('.', '_').slice(0, 63),
  text,
})

// The parameters are named in every text, so that all of them have a type, whatever the column says.
const counted = (column: SecretColumn) =>
  named(
    'count',
    column,
    `SELECT version, count(*)::int AS rows, (count(*) FILTER (WHERE needed))::int AS needed
     FROM (SELECT ${versionOf(column)} AS version, (${column.needed ?? 'true'}) AS needed FROM ${tableOf(column)} r
           WHERE $1::text IS NOT NULL AND $2::timestamptz IS NOT NULL) AS each
     WHERE version <> '' GROUP BY version ORDER BY version`,
  )

const otherwise = (column: SealedColumn) =>
  named(
    'otherwise',
    column,
    `SELECT ${column.id}::text AS id, ${columnOf(column)} AS sealed FROM ${tableOf(column)}
     WHERE ($2::text IS NULL OR ${column.id} > $2::${column.idType}) AND ${columnOf(column)} <> ''
       AND ${versionOf(column)} <> $1 ORDER BY ${column.id} LIMIT $3`,
  )

const replaced = (column: SealedColumn) =>
  named(
    'replace',
    column,
    `WITH replaced AS (
       UPDATE ${tableOf(column)} r SET ${columnOf(column)} = g.resealed
       FROM jsonb_to_recordset($1::jsonb) AS g (id ${column.idType}, sealed text, resealed text)
       WHERE r.${column.id} = g.id AND r.${columnOf(column)} = g.sealed RETURNING 1)
     SELECT count(*)::int AS count FROM replaced`,
  )

const removed = (column: NamedColumn) =>
  named(
    'remove',
    column,
    `WITH removed AS (
       DELETE FROM ${tableOf(column)} WHERE ctid = ANY(ARRAY(
         SELECT r.ctid FROM ${tableOf(column)} r
         WHERE $1::text IS NOT NULL AND $2::timestamptz IS NOT NULL AND ${versionOf(column)} = $3::text
           AND NOT (${column.needed ?? 'true'}) LIMIT $4)) RETURNING 1)
     SELECT count(*)::int AS count FROM removed`,
  )

export const prismaSecretVersionStore = (database: Pick<Database, 'query' | 'queryAlone'>): SecretVersionStore => ({
  // Reads whole tables: beside others of its kind it would only take longer.
  counts: (column, { newest, now }) =>
    database.queryAlone<VersionCount>('latchkey secret versions', counted(column), [newest, now]),
  sealedOtherwise: (column, { newest, after, max }) =>
    database.query<SealedRow>(otherwise(column), [newest, after, max]),
  async replace(column, rows) {
    const [answer] = await database.query<{ count: number }>(replaced(column), [JSON.stringify(rows)])
    return answer?.count ?? 0
  },
  async removeOver(column, { newest, now, version, max }) {
    const [answer] = await database.query<{ count: number }>(removed(column), [newest, now, version, max])
    return answer?.count ?? 0
  },
})
