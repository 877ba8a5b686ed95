/** Who may see roles and scopes. */
import { allow, inOrder, type Rules, requiresScopes } from '@latchkey/subgraph/guard'
import { someone } from '../rules.ts'

export const roleRules = {
  Query: { roles: inOrder(someone, requiresScopes(['roles:read'])), scopes: someone },
  // Reached through the two fields above only.
  Role: allow,
  Scope: allow,
} satisfies Rules
