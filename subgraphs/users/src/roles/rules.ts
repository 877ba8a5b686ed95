/** Who may see roles and scopes, and change who holds what. */
import { allow, inOrder, type Rules, requiresScopes, signedInPerson } from '@latchkey/subgraph/guard'
import { someone } from '../rules.ts'

/** A person, and by the schema one who has only just proved who they are: what is handed out here outlives a stolen session (ASVS 8.4.2). */
const handsOutRoles = inOrder(signedInPerson, requiresScopes(['roles:write']))

export const roleRules = {
  Query: { roles: inOrder(someone, requiresScopes(['roles:read'])), scopes: someone },
  Mutation: {
    createRole: handsOutRoles,
    updateRole: handsOutRoles,
    deleteRole: handsOutRoles,
    grantRole: handsOutRoles,
    revokeRole: handsOutRoles,
  },
  // Reached through the fields above only.
  Role: allow,
  Scope: allow,
  CreateRolePayload: allow,
  UpdateRolePayload: allow,
  DeleteRolePayload: allow,
  GrantRolePayload: allow,
  RevokeRolePayload: allow,
} satisfies Rules
