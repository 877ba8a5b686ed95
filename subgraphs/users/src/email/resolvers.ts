/** The confirmation of addresses in GraphQL. */
import type { Resolvers } from '@latchkey/subgraph'
import { causeOf } from '../audit/audit.ts'
import type { UsersContext } from '../context.ts'

export const emailResolvers: Resolvers<UsersContext> = {
  Mutation: {
    verifyEmail: (_parent, { input }: { input: { token: string } }, context) =>
      context.verificationService.verify(input.token, causeOf(context)),
  },
}
