/** The part of a statement that adds the audit record of what it changes. */
import type { Entry } from './ledger.ts'

/** For the statement's first five parameters. */
export const entryValues = ({ id, at, occasion: { actor, requestId } }: Entry): readonly unknown[] => [
  ...[id, at, actor.kind, actor.id, requestId],
]

/** One record for the one row of the CTE `of`; `action` and `target` are SQL over its columns. */
export const insertRecord = (action: string, target: string, of: string): string =>
  `INSERT INTO sessions.audit_records (id, at, actor_kind, actor_id, action, target, outcome, request_id)
     SELECT $1, $2::timestamptz, $3, $4, ${action}, ${target}, 'done', $5 FROM ${of}`
