/** Login attempts, as the graph asks for them. */
import type { PageArguments } from '@latchkey/subgraph/page'
import type { SessionsContext } from '../context.ts'
import type { LoginAttempt } from './login-attempt.ts'
import type { LoginAttemptFilter } from './service.ts'

type ListArguments = PageArguments & { readonly filter?: LoginAttemptFilter | null }

export const loginAttemptResolvers = {
  Query: {
    loginAttempts: (_parent: unknown, { filter, ...page }: ListArguments, { loginAttempts }: SessionsContext) =>
      loginAttempts.list(filter ?? {}, page),
  },
  User: {
    loginAttempts: ({ id }: { id: string }, page: PageArguments, { loginAttempts }: SessionsContext) =>
      loginAttempts.list({ userId: id }, page),
  },
  LoginAttempt: { at: ({ at }: LoginAttempt) => at.toISOString() },
}
