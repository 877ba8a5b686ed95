/** Who may confirm an address: whoever holds the token. */
import { allow, type Rules } from '@latchkey/subgraph/guard'

export const emailRules = { Mutation: { verifyEmail: allow }, VerifyEmailPayload: allow } satisfies Rules
