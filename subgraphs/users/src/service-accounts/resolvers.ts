/** Service accounts in GraphQL. */
import type { Resolvers } from '@latchkey/subgraph'
import type { AccountReference } from '../accounts/resolvers.ts'
import { administratorOf } from '../administration/administrator.ts'
import type { UsersContext } from '../context.ts'
import type { UsersArguments } from '../listing/user-list.ts'
import type { CreateServiceAccountInput, UpdateServiceAccountInput } from './service-account.ts'

export const serviceAccountResolvers: Resolvers<UsersContext> = {
  Query: {
    serviceAccounts: (_parent, page: Pick<UsersArguments, 'first' | 'after'>, { listingService }) =>
      listingService.serviceAccounts(page),
  },
  Mutation: {
    createServiceAccount: async (_parent, { input }: { input: CreateServiceAccountInput }, context) => ({
      account: await context.serviceAccountService.create(input, administratorOf(context)),
    }),
    updateServiceAccount: async (_parent, { input }: { input: UpdateServiceAccountInput }, context) => ({
      account: await context.serviceAccountService.update(input, administratorOf(context)),
    }),
  },
  User: {
    serviceAccount: ({ id }: AccountReference, _args, { serviceAccountService }) => serviceAccountService.details(id),
  },
}
