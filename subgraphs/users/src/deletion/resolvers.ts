/** Deleting one's own account in GraphQL. */
import { actingUserId } from '@latchkey/principal'
import type { Resolvers } from '@latchkey/subgraph'
import { causeOf } from '../audit/audit.ts'
import type { UsersContext } from '../context.ts'
import type { DeleteMeInput } from './deletion.ts'

export const deletionResolvers: Resolvers<UsersContext> = {
  Mutation: {
    deleteMe: (_parent, { input }: { input: DeleteMeInput }, context) =>
      context.deletionService.deleteMe(actingUserId(context.principal) ?? '', input, causeOf(context)),
    undoDeletion: (_parent, { input }: { input: { token: string } }, context) =>
      context.deletionService.undo(input.token, causeOf(context)),
  },
}
