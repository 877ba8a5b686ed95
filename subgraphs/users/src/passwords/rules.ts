/** Who may have a password checked, change one, set one anew, and know how they are kept. */
import { allow, inOrder, onlyService, type Rules, requiresScopes, signedInPerson } from '@latchkey/subgraph/guard'
import { someone } from '../rules.ts'

const sessions = onlyService('sessions')

export const passwordRules = {
  Query: {
    checkPassword: sessions,
    namedAccount: sessions,
    credentialHealth: inOrder(someone, requiresScopes(['users:read'])),
  },
  Mutation: {
    changePassword: signedInPerson,
    // Whoever reads the mail: the token says so.
    requestPasswordReset: allow,
    resetPassword: allow,
    acceptInvitation: allow,
  },
  PasswordCheck: sessions,
  NamedAccount: sessions,
  // Reached through the field above only.
  CredentialHealth: allow,
  ChangePasswordPayload: allow,
  RequestPasswordResetPayload: allow,
  ResetPasswordPayload: allow,
  AcceptInvitationPayload: allow,
} satisfies Rules
