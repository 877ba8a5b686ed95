/** Who may see security events: the person themselves, and administrators who read the audit records. No key of theirs. */
import { holdsScope } from '@latchkey/principal'
import { Problem } from '@latchkey/problem'
import { allow, inOrder, type Rules, rule, signedInPerson } from '@latchkey/subgraph/guard'
import { someone } from '../rules.ts'

const isTheirsOrAudited = rule<{ id: string }>(
  'securityEventsAreTheirs',
  ({ id }, _args, { principal }) => {
    if (holdsScope(principal, 'audit:read')) return true
    if (principal.kind !== 'user') return new Problem('FORBIDDEN', 'a key sees no security events')
    return principal.userId === id || new Problem('NOT_FOUND', `account ${id}`)
  },
  { cache: 'none' },
)

export const securityEventRules = {
  User: { securityEvents: inOrder(someone, isTheirsOrAudited) },
  Subscription: { securityEvent: signedInPerson },
  // Reached through the fields above only.
  SecurityEventConnection: allow,
  SecurityEventEdge: allow,
  SecurityEvent: allow,
} satisfies Rules
