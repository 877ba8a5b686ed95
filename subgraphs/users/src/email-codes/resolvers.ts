/** Codes by mail in GraphQL. */
import type { Resolvers } from '@latchkey/subgraph'
import { causeOf } from '../audit/audit.ts'
import type { UsersContext } from '../context.ts'
import { personOf } from '../second-factors/person.ts'

export const emailCodeResolvers: Resolvers<UsersContext> = {
  Mutation: {
    enableEmailCodes: (_parent, _args, context) => context.emailCodeService.enable(personOf(context), causeOf(context)),
    disableEmailCodes: (_parent, _args, context) =>
      context.emailCodeService.disable(personOf(context), causeOf(context)),
    sendEmailCode: (_parent, { userId, reference }: { userId: string; reference: string }, { emailCodeService }) =>
      emailCodeService.send({ accountId: userId, reference }),
  },
}
