/** Who may hear that sessions end: whoever may see them, and of their own alone. */
import { allow, inOrder, onlyService, type Rules, requiresScopes } from '@latchkey/subgraph/guard'
import { notAService } from '../sessions/rules.ts'

const users = onlyService('users')

export const endingRules = {
  Mutation: { forgetEndedSessions: users },
  ForgetEndedSessionsPayload: users,
  Subscription: { sessionEnded: inOrder(notAService, requiresScopes(['sessions:read'])) },
  // Reached through the stream only, and that tells of no account but the caller's.
  SessionEnded: allow,
} satisfies Rules
