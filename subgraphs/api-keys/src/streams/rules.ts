/** Who may hear of uses of keys: whoever may read keys, and of their own alone. */
import { allow, inOrder, type Rules, requiresScopes } from '@latchkey/subgraph/guard'
import { userReference } from '../keys/rules.ts'

export const streamRules = {
  Subscription: { apiKeyUsed: inOrder(userReference, requiresScopes(['keys:read'])) },
  // Reached through the stream only, and that tells of the caller's own keys.
  ApiKeyUsed: allow,
} satisfies Rules
