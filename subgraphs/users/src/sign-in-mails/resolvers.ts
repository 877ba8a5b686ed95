/** Signing in with a mail in GraphQL, for the sessions service. */
import type { Resolvers } from '@latchkey/subgraph'
import { causeOf } from '../audit/audit.ts'
import type { UsersContext } from '../context.ts'

export const signInMailResolvers: Resolvers<UsersContext> = {
  Mutation: {
    sendSignInMail: (_parent, { email }: { email: string }, context) =>
      context.signInMailService.send({ email }, causeOf(context)),
    checkSignInLink: (_parent, { token }: { token: string }, context) =>
      context.signInMailService.useLink(token, causeOf(context)),
    checkSignInCode: (_parent, shown: { reference: string; code: string }, context) =>
      context.signInMailService.useCode(shown, causeOf(context)),
  },
  SignInMailCheck: {
    secondFactors: ({ userId }: { userId: string | null }, _args, { secondFactorService }) =>
      userId === null ? [] : secondFactorService.askedBesides(userId),
  },
}
