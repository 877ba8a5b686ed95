/** Who may unlock signing in: administrators in person, and Users, which knows who has proved who they are. */
import { allow, onlyService, type Rules } from '@latchkey/subgraph/guard'
import { administersSessions } from '../networks/rules.ts'

const users = onlyService('users')

export const unlockingRules = {
  Mutation: { unlockSignIn: administersSessions, forgiveSignIn: users, chargeWrongTry: users },
  // Reached through the fields above only.
  UnlockSignInPayload: allow,
  ForgiveSignInPayload: users,
  ChargeWrongTryPayload: users,
} satisfies Rules
