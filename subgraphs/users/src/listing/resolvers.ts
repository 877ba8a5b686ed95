/** Lists of accounts in GraphQL. */
import type { Resolvers } from '@latchkey/subgraph'
import type { UsersContext } from '../context.ts'
import type { UsersArguments } from './user-list.ts'

export const listingResolvers: Resolvers<UsersContext> = {
  Query: { users: (_parent, asked: UsersArguments, { listingService }) => listingService.users(asked) },
}
