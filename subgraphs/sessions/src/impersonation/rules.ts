/** Who may act for somebody: staff who were let, and by the schema as themselves. */
import { impersonateScope } from '@latchkey/principal/impersonation'
import { allow, inOrder, type Rules, requiresScopes, signedInPerson } from '@latchkey/subgraph/guard'

export const impersonationRules = {
  Mutation: {
    impersonateUser: inOrder(signedInPerson, requiresScopes([impersonateScope])),
    endImpersonation: signedInPerson,
  },
  // These objects exist only in the answer to whoever made the change.
  ImpersonateUserPayload: allow,
  EndImpersonationPayload: allow,
} satisfies Rules
