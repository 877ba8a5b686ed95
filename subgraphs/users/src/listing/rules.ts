/** Who may list accounts. */
import { allow, type Rules } from '@latchkey/subgraph/guard'
import { readsUsers } from '../administration/rules.ts'

export const listingRules = {
  Query: { users: readsUsers },
  // Reached through the list only; what a user holds is guarded field by field.
  UserConnection: allow,
  UserEdge: allow,
  PageInfo: allow,
} satisfies Rules
