/** Who may read what everybody did: whoever holds `audit:read`. */
import { allow, type Rules, requiresScopes } from '@latchkey/subgraph/guard'

export const auditEventRules = {
  Query: { auditEvents: requiresScopes(['audit:read']) },
  // Reached through the field above only.
  AuditEventConnection: allow,
  AuditEventEdge: allow,
  AuditEvent: allow,
} satisfies Rules
