/** A person's data in GraphQL, for Users. */
import type { SessionsContext } from '../context.ts'
import { occasionOf } from '../ledger/ledger.ts'

interface OfUser {
  readonly userId: string
}

export const privacyResolvers = {
  Query: {
    personalData: (_parent: unknown, { userId }: OfUser, { privacy }: SessionsContext) => privacy.personalData(userId),
  },
  Mutation: {
    eraseUser: (_parent: unknown, { userId }: OfUser, context: SessionsContext) =>
      context.privacy.eraseUser(userId, occasionOf(context)),
  },
}
