/** Audit events in GraphQL. */
import type { Resolvers } from '@latchkey/subgraph'
import type { PageArguments } from '@latchkey/subgraph/page'
import type { UsersContext } from '../context.ts'
import type { AuditEventFilter } from './audit-event.ts'

type ListArguments = PageArguments & { readonly filter?: AuditEventFilter | null }

export const auditEventResolvers: Resolvers<UsersContext> = {
  Query: {
    auditEvents: (_parent: unknown, { filter, ...page }: ListArguments, { auditEventService }) =>
      auditEventService.list(filter ?? {}, page),
  },
}
