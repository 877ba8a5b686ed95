/** A person's data in GraphQL, for Users. */
import type { GuardedContext } from '@latchkey/subgraph'
import type { Privacy } from './service.ts'

export interface PrivacyContext extends GuardedContext {
  readonly privacy: Privacy
}

interface OfUser {
  readonly userId: string
}

const askedBy = ({ principal, requestId }: GuardedContext) => ({
  by: principal.kind === 'service' ? principal.name : principal.kind,
  requestId,
})

export const privacyResolvers = {
  Query: {
    personalData: (_: unknown, { userId }: OfUser, { privacy }: PrivacyContext) => privacy.personalData(userId),
  },
  Mutation: {
    eraseUser: (_: unknown, { userId }: OfUser, context: PrivacyContext) =>
      context.privacy.eraseUser(userId, askedBy(context)),
  },
}
