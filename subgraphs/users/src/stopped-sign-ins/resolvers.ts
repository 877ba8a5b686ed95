/** Stopped sign-ins in GraphQL. */
import type { Resolvers } from '@latchkey/subgraph'
import { causeOf } from '../audit/audit.ts'
import type { UsersContext } from '../context.ts'
import type { StoppedSignIn } from './service.ts'

export const stoppedSignInResolvers: Resolvers<UsersContext> = {
  Mutation: {
    noteStoppedSignIn: (_parent, { userId, what }: { userId: string; what: StoppedSignIn }, context) =>
      context.stoppedSignIns.note(userId, what, causeOf(context)),
  },
}
