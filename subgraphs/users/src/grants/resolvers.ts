/** Grants in GraphQL. */
import type { GrantsRecord } from '@latchkey/principal/credential-records'
import type { Resolvers } from '@latchkey/subgraph'
import type { UsersContext } from '../context.ts'

const momentOf = (ms: number | null | undefined): Date | null => (typeof ms === 'number' ? new Date(ms) : null)

export const grantsResolvers: Resolvers<UsersContext> = {
  Query: {
    grants: (_parent, { userId }: { userId: string }, { grantsService }) => grantsService.publish(userId),
  },
  Grants: {
    activeFrom: ({ activeFromMs }: GrantsRecord) => momentOf(activeFromMs),
    activeUntil: ({ activeUntilMs }: GrantsRecord) => momentOf(activeUntilMs),
  },
}
