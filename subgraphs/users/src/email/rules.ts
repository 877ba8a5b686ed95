/** Who may confirm an address: whoever holds the token or the code. Who may ask for the mail again: everyone. */
import { allow, type Rules } from '@latchkey/subgraph/guard'

export const emailRules = {
  Mutation: { verifyEmail: allow, resendVerification: allow },
  VerifyEmailPayload: allow,
  ResendVerificationPayload: allow,
} satisfies Rules
