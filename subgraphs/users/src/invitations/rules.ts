/** Who may open accounts for other people. */
import { allow, type Rules } from '@latchkey/subgraph/guard'
import { writesUsers } from '../administration/rules.ts'

export const invitationRules = {
  Mutation: { createUser: writesUsers, resendInvitation: writesUsers },
  CreateUserPayload: allow,
  ResendInvitationPayload: allow,
} satisfies Rules
