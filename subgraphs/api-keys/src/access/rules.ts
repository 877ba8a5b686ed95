/** Who may see what a key may touch, and accept more of it: whoever may see the key, and its owner. */
import { allow, inOrder, type Rules, requiresScopes, signedInPerson } from '@latchkey/subgraph/guard'
import { theirKey } from '../keys/rules.ts'

export const accessRules = {
  Mutation: { acceptApiKeyFields: inOrder(signedInPerson, requiresScopes(['keys:write'])) },
  ApiKey: { access: theirKey, operations: theirKey, persistedOperations: theirKey },
  // Reached from a key alone, which has rules of its own.
  ApiKeyAccess: allow,
  // It exists only in the answer to whoever made the change.
  AcceptApiKeyFieldsPayload: allow,
} satisfies Rules
