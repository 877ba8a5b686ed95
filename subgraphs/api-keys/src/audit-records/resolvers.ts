/** Audit records in GraphQL, for Users. */
import type { RecordArguments, TailArguments } from '@latchkey/audit'
import type { GuardedContext } from '@latchkey/subgraph'

export interface AuditRecordsContext extends GuardedContext {
  readonly auditRecords: (asked: RecordArguments) => Promise<readonly string[]>
  readonly auditTail: (asked: TailArguments) => Promise<readonly string[]>
}

export const auditRecordResolvers = {
  Query: {
    auditRecords: (_parent: unknown, asked: RecordArguments, { auditRecords }: AuditRecordsContext) =>
      auditRecords(asked),
    auditTail: (_parent: unknown, asked: TailArguments, { auditTail }: AuditRecordsContext) => auditTail(asked),
  },
}
