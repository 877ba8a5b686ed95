/** The confirmation of addresses in GraphQL. */
import type { Resolvers } from '@latchkey/subgraph'
import { causeOf } from '../audit/audit.ts'
import type { UsersContext } from '../context.ts'
import type { VerifyEmailInput } from './service.ts'

export const emailResolvers: Resolvers<UsersContext> = {
  Mutation: {
    verifyEmail: (_parent, { input }: { input: VerifyEmailInput }, context) =>
      context.verificationService.verify(input, causeOf(context)),
    resendVerification: (_parent, { input }: { input: { email: string } }, context) =>
      context.verificationService.resend(input, causeOf(context)),
  },
}
