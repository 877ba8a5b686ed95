/** Consequences in Postgres: the part of a statement that writes them. */
import { auditColumns, auditRow } from '../audit/store.prisma.ts'
import { tokenColumns, tokenRow } from '../one-time-tokens/store.prisma.ts'
import { outboxColumns, outboxRow } from '../outbox/store.prisma.ts'
import { insertRows, rowJson } from '../sql.ts'
import type { Consequences } from './consequences.ts'

/**
 * Three CTEs, `records`, `messages` and `tokens`, that write what the parameter holds (`consequencesJson`) when the CTE
 * `onlyFor` has a row; it has one at most.
 */
export const writeConsequences = (parameter: `$${number}`, onlyFor: string): string => {
  const rows = (table: string, columns: readonly string[], member: string) =>
    insertRows({ table, columns, rows: `${parameter}::jsonb->'${member}'`, onlyFor })
  return `records AS (${rows('users.audit_records', auditColumns, 'records')}),
          messages AS (${rows('users.outbox', outboxColumns, 'messages')}),
          tokens AS (${rows('users.one_time_tokens', tokenColumns, 'tokens')})`
}

export const consequencesJson = ({ records, messages, tokens }: Consequences): string =>
  rowJson({ records: records.map(auditRow), messages: messages.map(outboxRow), tokens: tokens.map(tokenRow) })
