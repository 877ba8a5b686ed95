/** Security events in GraphQL. */
import type { Resolvers } from '@latchkey/subgraph'
import type { PageArguments } from '@latchkey/subgraph/page'
import type { StreamEvent } from '@latchkey/subgraph/transport'
import type { AccountReference } from '../accounts/resolvers.ts'
import type { UsersContext } from '../context.ts'

export const securityEventResolvers: Resolvers<UsersContext> = {
  Subscription: {
    securityEvent: (event: StreamEvent | undefined, _args: unknown, { securityEventService }) =>
      event ? securityEventService.one(event.accountId, String(event.facts.id)) : null,
  },
  User: {
    securityEvents: ({ id }: AccountReference, page: PageArguments, { securityEventService }) =>
      securityEventService.page(id, page),
  },
}
