/** How an audit record is kept: written by the statement that makes the change. */
import { insertRow, rowJson } from '../sql.ts'
import type { AuditRecord } from './audit.ts'

export const auditColumns = [
  'id',
  'at',
  'actor_kind',
  'actor_id',
  'on_behalf_of',
  'action',
  'target',
  'outcome',
  'request_id',
  'detail',
]

export const insertAuditRecord = (parameter: `$${number}`, onlyFor?: string): string =>
  insertRow({ table: 'users.audit_records', columns: auditColumns, parameter, ...(onlyFor ? { onlyFor } : {}) })

export const auditRow = ({ actor, requestId, ...record }: AuditRecord): Record<string, unknown> => ({
  ...record,
  actor_kind: actor.kind,
  actor_id: actor.id,
  on_behalf_of: actor.onBehalfOf ?? null,
  request_id: requestId,
})

export const auditJson = (record: AuditRecord): string => rowJson(auditRow(record))
