/** Passwords in GraphQL. */
import type { Resolvers } from '@latchkey/subgraph'
import { causeOf } from '../audit/audit.ts'
import type { UsersContext } from '../context.ts'

export const passwordResolvers: Resolvers<UsersContext> = {
  Query: {
    checkPassword: (_parent, typed: { email: string; password: string }, context) =>
      context.passwordService.check(typed, causeOf(context)),
    credentialHealth: (_parent, _args, { passwordService }) => passwordService.health(),
  },
}
