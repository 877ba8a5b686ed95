/** The administration of accounts in GraphQL. */
import type { Resolvers } from '@latchkey/subgraph'
import type { AccountReference } from '../accounts/resolvers.ts'
import type { UsersContext } from '../context.ts'
import { administratorOf } from './administrator.ts'
import type { UpdateUserInput } from './details-service.ts'
import type { DeleteInput, SuspendInput } from './service.ts'

const ofUser = ({ id }: AccountReference) => ({ user: { id } })

export const administrationResolvers: Resolvers<UsersContext> = {
  Mutation: {
    updateUser: async (_parent, { input }: { input: UpdateUserInput }, context) =>
      ofUser(await context.detailsService.update(input, administratorOf(context))),
    suspendUser: async (_parent, { input }: { input: SuspendInput }, context) =>
      ofUser(await context.administrationService.suspend(input, administratorOf(context))),
    restoreUser: async (_parent, { id }: AccountReference, context) =>
      ofUser(await context.administrationService.restore(id, administratorOf(context))),
    deleteUser: async (_parent, { input }: { input: DeleteInput }, context) =>
      ofUser(await context.administrationService.remove(input, administratorOf(context))),
  },
  User: {
    status: ({ id }: AccountReference, _args, { administered, askedAt }) => administered.status(id, askedAt),
    suspension: ({ id }: AccountReference, _args, { administered, askedAt }) => administered.suspension(id, askedAt),
    externalId: ({ id }: AccountReference, _args, { administered }) => administered.externalId(id),
    lastSignInAt: async ({ id }: AccountReference, _args, { administered }) => (await administered.of(id)).lastSignInAt,
    deletedAt: async ({ id }: AccountReference, _args, { administered }) => (await administered.of(id)).deletedAt,
    eraseAt: async ({ id }: AccountReference, _args, { administered }) => (await administered.of(id)).eraseAt,
    deletionReason: ({ id }: AccountReference, _args, { administered }) => administered.deletionReason(id),
  },
}
