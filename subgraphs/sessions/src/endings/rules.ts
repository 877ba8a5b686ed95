/** Who may hear that sessions end: whoever may see them, and of their own alone. */
import { allow, inOrder, type Rules, requiresScopes } from '@latchkey/subgraph/guard'
import { notAService } from '../sessions/rules.ts'

export const endingRules = {
  Subscription: { sessionEnded: inOrder(notAService, requiresScopes(['sessions:read'])) },
  // Reached through the stream only, and that tells of no account but the caller's.
  SessionEnded: allow,
} satisfies Rules
