/** Signing in, as the graph asks for it. */
import type { SessionsContext } from '../context.ts'
import { occasionOf } from '../ledger/ledger.ts'
import type { CodeInput, LinkInput } from './mail.ts'
import type { FinishInput, StartInput as StartPasskeyInput } from './passkey.ts'
import type { CompleteInput, StartInput } from './second-factor.ts'
import type { Credentials } from './service.ts'
import {
  factorRefused,
  mailRefused,
  passkeyRefused,
  passwordRefused,
  type SignInResult,
  signInResult,
} from './sign-in-result.ts'

export const signInResolvers = {
  Mutation: {
    signIn: async (_parent: unknown, { input }: { input: Credentials }, context: SessionsContext) =>
      signInResult(
        await context.signIn.withPassword(input, context.client ?? {}, occasionOf(context)),
        passwordRefused,
        context,
      ),
    startSecondFactor: (_parent: unknown, { input }: { input: StartInput }, context: SessionsContext) =>
      context.secondFactors.start(input, context.client ?? {}, occasionOf(context)),
    completeSecondFactor: async (_parent: unknown, { input }: { input: CompleteInput }, context: SessionsContext) =>
      signInResult(
        await context.secondFactors.complete(input, context.client ?? {}, occasionOf(context)),
        factorRefused,
        context,
      ),
    startPasskeySignIn: (_parent: unknown, { input }: { input?: StartPasskeyInput | null }, context: SessionsContext) =>
      context.passkeySignIn.start(input ?? {}, context.client ?? {}, occasionOf(context)),
    finishPasskeySignIn: async (_parent: unknown, { input }: { input: FinishInput }, context: SessionsContext) =>
      signInResult(
        await context.passkeySignIn.finish(input, context.client ?? {}, occasionOf(context)),
        passkeyRefused,
        context,
      ),
    requestMagicLink: (_parent: unknown, { input }: { input: { email: string } }, context: SessionsContext) =>
      context.mailSignIn.request(input, context.client ?? {}, occasionOf(context)),
    signInWithMagicLink: async (_parent: unknown, { input }: { input: LinkInput }, context: SessionsContext) =>
      signInResult(
        await context.mailSignIn.withLink(input, context.client ?? {}, occasionOf(context)),
        mailRefused,
        context,
      ),
    signInWithEmailCode: async (_parent: unknown, { input }: { input: CodeInput }, context: SessionsContext) =>
      signInResult(
        await context.mailSignIn.withCode(input, context.client ?? {}, occasionOf(context)),
        mailRefused,
        context,
      ),
  },
  SignInResult: { __resolveType: ({ __typename }: SignInResult) => __typename },
}
