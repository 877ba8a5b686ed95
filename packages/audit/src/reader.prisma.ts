/** Reads audit records, newest first: one page of those that a filter lets through. */
import type { Database } from '@latchkey/prisma'
import { type AuditSchema, recordColumns } from './store.prisma.ts'

/** Which records; null does not narrow. */
export interface RecordFilter {
  readonly actor: string | null
  readonly target: string | null
  readonly action: string | null
  readonly outcome: string | null
  /** From then on, and before then. */
  readonly from: Date | null
  readonly to: Date | null
}

export interface RecordQuery {
  readonly filter: RecordFilter
  /** Those after this place, which is none of theirs. */
  readonly after: { readonly at: Date; readonly id: string } | null
  readonly limit: number
}

/** A record as it is shown. */
export interface ShownRecord {
  readonly id: string
  readonly at: Date
  readonly actorKind: string
  readonly actorId: string | null
  readonly onBehalfOf: string | null
  readonly action: string
  readonly target: string | null
  readonly outcome: string
  readonly requestId: string | null
  readonly detail: Readonly<Record<string, unknown>> | null
  /** Whether it has its place in the chain. */
  readonly sealed: boolean
}

/** Rejects with UNAVAILABLE. */
export type ReadRecords = (query: RecordQuery) => Promise<readonly ShownRecord[]>

/** One statement for each shape of the question, so that each is planned for its own index. */
function statementFor(schema: AuditSchema, { filter, after, limit }: RecordQuery) {
  const values: unknown[] = [limit]
  const bind = (value: unknown) => `$${values.push(value)}`
  const conditions = {
    actor: filter.actor && `r.actor_id = ${bind(filter.actor)}`,
    target: filter.target && `r.target = ${bind(filter.target)}`,
    action: filter.action && `r.action = ${bind(filter.action)}`,
    outcome: filter.outcome && `r.outcome = ${bind(filter.outcome)}`,
    from: filter.from && `r.at >= ${bind(filter.from)}`,
    to: filter.to && `r.at < ${bind(filter.to)}`,
    after: after && `(r.at, r.id) < (${bind(after.at)}, ${bind(after.id)})`,
  }
  const narrowing = Object.entries(conditions).filter(([, condition]) => condition)
  const where = narrowing.length > 0 ? `WHERE ${narrowing.map(([, condition]) => condition).join(' AND ')}` : ''
  const text = `SELECT ${recordColumns}, EXISTS (SELECT FROM ${schema}.audit_links l WHERE l.record_id = r.id) AS sealed
    FROM ${schema}.audit_records r ${where} ORDER BY r.at DESC, r.id DESC LIMIT $1`
  return { name: ['audit', schema, 'page', ...narrowing.map(([name]) => name)].join('_'), text, values }
}

export const prismaRecordReader =
  (database: Pick<Database, 'query'>, schema: AuditSchema): ReadRecords =>
  (query) => {
    const { name, text, values } = statementFor(schema, query)
    return database.query<ShownRecord>({ name, text }, values)
  }
