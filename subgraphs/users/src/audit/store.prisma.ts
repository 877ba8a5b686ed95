/** How an audit record is kept: written by the statement that makes the change. */
import { insertRow, rowJson } from '../sql.ts'
import type { AuditRecord } from './audit.ts'

const columns = ['id', 'at', 'actor_kind', 'actor_id', 'action', 'target', 'outcome', 'request_id', 'detail']

export const insertAuditRecord = (parameter: `$${number}`, onlyFor?: string): string =>
  insertRow({ table: 'users.audit_records', columns, parameter, ...(onlyFor ? { onlyFor } : {}) })

export const auditRow = ({ actor, requestId, ...record }: AuditRecord): string =>
  rowJson({ ...record, actor_kind: actor.kind, actor_id: actor.id, request_id: requestId })
