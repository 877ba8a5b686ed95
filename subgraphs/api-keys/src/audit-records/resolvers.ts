/** Audit records in GraphQL, for Users. */
import type { RecordArguments } from '@latchkey/audit'
import type { GuardedContext } from '@latchkey/subgraph'

export interface AuditRecordsContext extends GuardedContext {
  readonly auditRecords: (asked: RecordArguments) => Promise<readonly string[]>
}

export const auditRecordResolvers = {
  Query: {
    auditRecords: (_parent: unknown, asked: RecordArguments, { auditRecords }: AuditRecordsContext) =>
      auditRecords(asked),
  },
}
