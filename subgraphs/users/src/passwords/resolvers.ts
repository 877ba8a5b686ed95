/** The password check in GraphQL. */
import type { Resolvers } from '@latchkey/subgraph'
import type { UsersContext } from '../context.ts'

export const passwordResolvers: Resolvers<UsersContext> = {
  Query: {
    checkPassword: (_parent, typed: { email: string; password: string }, { passwordService }) =>
      passwordService.check(typed),
  },
}
