/** Refreshing, as the graph asks for it. */
import type { SessionsContext } from '../context.ts'
import { occasionOf } from '../ledger/ledger.ts'
import { refreshRefused, signInResult } from '../sign-in/sign-in-result.ts'

interface RefreshSessionArguments {
  readonly input?: { readonly refreshToken?: string | null } | null
}

/** The one that was given, or else the one that came as a cookie. */
const refreshTokenOf = ({ input }: RefreshSessionArguments, { client }: SessionsContext): string =>
  input?.refreshToken ?? client?.refreshToken ?? ''

export const tokenResolvers = {
  Mutation: {
    refreshSession: async (_parent: unknown, args: RefreshSessionArguments, context: SessionsContext) =>
      signInResult(
        await context.tokens.refresh(refreshTokenOf(args, context), context.client ?? {}, occasionOf(context)),
        refreshRefused,
        context,
      ),
  },
}
