/** Signing in, as the graph asks for it. */
import type { SessionsContext } from '../context.ts'
import { occasionOf } from '../ledger/ledger.ts'
import type { Credentials } from './service.ts'
import { passwordRefused, type SignInResult, signInResult } from './sign-in-result.ts'

export const signInResolvers = {
  Mutation: {
    signIn: async (_parent: unknown, { input }: { input: Credentials }, context: SessionsContext) =>
      signInResult(
        await context.signIn.withPassword(input, context.client ?? {}, occasionOf(context)),
        passwordRefused,
        context,
      ),
  },
  SignInResult: { __resolveType: ({ __typename }: SignInResult) => __typename },
}
