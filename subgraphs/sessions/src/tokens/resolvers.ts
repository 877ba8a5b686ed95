/** Refreshing, as the graph asks for it. */
import type { SessionsContext } from '../context.ts'
import { occasionOf } from '../ledger/ledger.ts'
import { refreshRefused, signInResult } from '../sign-in/sign-in-result.ts'

interface RefreshSessionArguments {
  readonly input: { readonly refreshToken: string }
}

export const tokenResolvers = {
  Mutation: {
    refreshSession: async (_parent: unknown, { input }: RefreshSessionArguments, context: SessionsContext) =>
      signInResult(
        await context.tokens.refresh(input.refreshToken, context.client ?? {}, occasionOf(context)),
        refreshRefused,
        context,
      ),
  },
}
