/** Accounts in GraphQL. */
import { actingUserId } from '@latchkey/principal'
import type { Resolvers } from '@latchkey/subgraph'
import { guardReference } from '@latchkey/subgraph/guard'
import { causeOf } from '../audit/audit.ts'
import type { UsersContext } from '../context.ts'
import type { RegisterInput } from './account.ts'
import { mayReferToAccounts } from './rules.ts'

/** An account by its id alone: nothing is read until a permitted field asks. */
export interface AccountReference {
  readonly id: string
}

export const accountResolvers: Resolvers<UsersContext> = {
  Query: {
    me: (_parent, _args, { principal }) => ({ id: actingUserId(principal) }),
    user: (_parent, { id }: AccountReference, { accounts }) => accounts.find(id),
  },
  Mutation: {
    register: (_parent, { input }: { input: RegisterInput }, context) =>
      context.accountService.register(input, causeOf(context)),
  },
  User: {
    __resolveReference: guardReference(mayReferToAccounts, ({ id }: AccountReference) => ({ id })),
    email: ({ id }: AccountReference, _args, { accounts }) => accounts.email(id),
    emailVerified: ({ id }: AccountReference, _args, { accounts }) => accounts.emailVerified(id),
    displayName: ({ id }: AccountReference, _args, { accounts }) => accounts.displayName(id),
    roles: ({ id }: AccountReference, _args, { accounts }) => accounts.roles(id),
    createdAt: ({ id }: AccountReference, _args, { accounts }) => accounts.createdAt(id),
  },
}
