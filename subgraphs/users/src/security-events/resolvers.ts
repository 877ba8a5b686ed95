/** Security events in GraphQL. */
import type { Resolvers } from '@latchkey/subgraph'
import type { PageArguments } from '@latchkey/subgraph/page'
import type { AccountReference } from '../accounts/resolvers.ts'
import type { UsersContext } from '../context.ts'

export const securityEventResolvers: Resolvers<UsersContext> = {
  User: {
    securityEvents: ({ id }: AccountReference, page: PageArguments, { securityEventService }) =>
      securityEventService.page(id, page),
  },
}
