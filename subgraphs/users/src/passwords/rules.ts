/** Who may have a password checked, and who may know how passwords are kept. */
import { allow, inOrder, onlyService, type Rules, requiresScopes } from '@latchkey/subgraph/guard'
import { someone } from '../rules.ts'

const sessions = onlyService('sessions')

export const passwordRules = {
  Query: { checkPassword: sessions, credentialHealth: inOrder(someone, requiresScopes(['users:read'])) },
  PasswordCheck: sessions,
  // Reached through the field above only.
  CredentialHealth: allow,
} satisfies Rules
