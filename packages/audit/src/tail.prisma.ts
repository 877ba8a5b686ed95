/** The end of a chain: the records that have a place in it after a given one, in their order, so that whoever follows misses none. */
import type { Database } from '@latchkey/prisma'
import type { ShownRecord } from './reader.prisma.ts'
import { type AuditSchema, recordColumns } from './store.prisma.ts'

/** After that place; or, for whoever begins to follow, from the first record that is not older than that moment. */
export type TailStart = { readonly after: number } | { readonly since: Date }

export interface TailQuery {
  readonly start: TailStart
  readonly limit: number
}

/** A record that was committed, with its place: what commits later has a later one. */
export interface PlacedRecord {
  readonly seq: number
  readonly record: ShownRecord
}

/** Rejects with UNAVAILABLE. */
export type ReadTail = (query: TailQuery) => Promise<readonly PlacedRecord[]>

const columns = `l.seq, ${recordColumns}, true AS sealed`
const from = (schema: AuditSchema) => `${schema}.audit_links l JOIN ${schema}.audit_records r ON r.id = l.record_id`

const statementsFor = (schema: AuditSchema) => ({
  after: {
    name: `audit_${schema}_tail_after`,
    text: `SELECT ${columns} FROM ${from(schema)} WHERE l.seq > $1 ORDER BY l.seq LIMIT $2`,
  },
  // By time first, for which there is an index: old records are not looked at.
  since: {
    name: `audit_${schema}_tail_since`,
    text: `SELECT ${columns} FROM ${from(schema)}
           WHERE l.seq >= (SELECT min(l.seq) FROM ${from(schema)} WHERE r.at >= $1) ORDER BY l.seq LIMIT $2`,
  },
})

export function prismaRecordTail(database: Pick<Database, 'query'>, schema: AuditSchema): ReadTail {
  const { after, since } = statementsFor(schema)
  return async ({ start, limit }) => {
    const [statement, value] = 'after' in start ? [after, start.after] : [since, start.since]
    const rows = await database.query<ShownRecord & { readonly seq: string }>(statement, [value, limit])
    return rows.map(({ seq, ...record }) => ({ seq: Number(seq), record }))
  }
}
