/** Who may import accounts. */
import { allow, type Rules } from '@latchkey/subgraph/guard'
import { writesUsers } from '../administration/rules.ts'

export const importRules = {
  Mutation: { importUsers: writesUsers },
  ImportUsersPayload: allow,
  ImportedRow: allow,
  ImportReason: allow,
} satisfies Rules
