/** Invitations in GraphQL. */
import type { Resolvers } from '@latchkey/subgraph'
import { administratorOf } from '../administration/administrator.ts'
import type { UsersContext } from '../context.ts'
import type { CreateUserInput } from './service.ts'

export const invitationResolvers: Resolvers<UsersContext> = {
  Mutation: {
    createUser: async (_parent, { input }: { input: CreateUserInput }, context) => ({
      user: await context.invitationService.create(input, administratorOf(context)),
    }),
    resendInvitation: (_parent, { id }: { id: string }, context) =>
      context.invitationService.resend(id, administratorOf(context)),
  },
}
