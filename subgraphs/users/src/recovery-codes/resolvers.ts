/** Recovery codes in GraphQL. */
import type { Resolvers } from '@latchkey/subgraph'
import { causeOf } from '../audit/audit.ts'
import type { UsersContext } from '../context.ts'
import { personOf } from '../second-factors/person.ts'

export const recoveryCodeResolvers: Resolvers<UsersContext> = {
  Mutation: {
    regenerateRecoveryCodes: (_parent, _args, context) =>
      context.recoveryCodeService.regenerate(personOf(context), causeOf(context)),
  },
}
