/** Who may ask for audit records as they are kept here: Users, which has judged who asked it. */
import { onlyService, type Rules } from '@latchkey/subgraph/guard'

export const auditRecordRules = {
  Query: { auditRecords: onlyService('users'), auditTail: onlyService('users') },
} satisfies Rules
