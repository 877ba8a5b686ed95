/** Who may end many keys at once: a person. A key that has leaked must not be the way to end all the others. */
import { allow, inOrder, type Rules, requiresScopes, signedInPerson } from '@latchkey/subgraph/guard'

export const massRevocationRules = {
  Mutation: { revokeApiKeys: inOrder(signedInPerson, requiresScopes(['keys:write'], ['keys:admin'])) },
  // Only in the answer to whoever revoked them; the keys it leads to have rules of their own.
  RevokeApiKeysPayload: allow,
} satisfies Rules
