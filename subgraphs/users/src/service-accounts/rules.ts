/** Who may make, change and list service accounts: who may do so with people's. */
import { allow, type Rules } from '@latchkey/subgraph/guard'
import { maySeeAccount } from '../accounts/rules.ts'
import { readsUsers, writesUsers } from '../administration/rules.ts'

export const serviceAccountRules = {
  Query: { serviceAccounts: readsUsers },
  Mutation: { createServiceAccount: writesUsers, updateServiceAccount: writesUsers },
  User: { serviceAccount: maySeeAccount },
  // Reached through the fields above only; what the accounts hold is guarded field by field.
  ServiceAccount: allow,
  CreateServiceAccountPayload: allow,
  UpdateServiceAccountPayload: allow,
} satisfies Rules
