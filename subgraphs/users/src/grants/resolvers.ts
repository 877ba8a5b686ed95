/** Grants in GraphQL. */
import type { Resolvers } from '@latchkey/subgraph'
import type { UsersContext } from '../context.ts'

export const grantsResolvers: Resolvers<UsersContext> = {
  Query: {
    grants: (_parent, { userId }: { userId: string }, { grantsService }) => grantsService.publish(userId),
  },
}
