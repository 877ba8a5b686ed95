/** Limits on sessions in GraphQL: told with everything that proves who somebody is. */
import type { Resolvers } from '@latchkey/subgraph'
import type { UsersContext } from '../context.ts'

const sessionLimit = ({ userId }: { userId: string | null }, _args: unknown, { sessionLimits }: UsersContext) =>
  userId === null ? null : sessionLimits(userId)

export const sessionLimitResolvers: Resolvers<UsersContext> = {
  PasswordCheck: { sessionLimit },
  FactorCheck: { sessionLimit },
  SignInMailCheck: { sessionLimit },
}
