/** Second factors in GraphQL. */
import type { Resolvers } from '@latchkey/subgraph'
import { causeOf } from '../audit/audit.ts'
import type { UsersContext } from '../context.ts'
import type { PasskeyProof } from '../passkeys/assertions.ts'
import { type ShownFactorInput, shownFactorOf } from './shown-factor.ts'

interface AskedFactor {
  readonly userId: string
  readonly reference: string
  readonly shown: ShownFactorInput
}

export const secondFactorResolvers: Resolvers<UsersContext> = {
  Query: {
    passkeyOptions: async (
      _parent,
      { challenge, userId }: { challenge: string; userId?: string | null },
      { passkeyAssertions },
    ) => ({ options: await passkeyAssertions.optionsFor(challenge, userId ?? null) }),
    meansOf: (_parent, { userId }: { userId: string }, { secondFactorService }) => secondFactorService.meansOf(userId),
  },
  Mutation: {
    checkSecondFactor: (_parent, { userId, reference, shown }: AskedFactor, context) =>
      context.secondFactorService.check(
        { accountId: userId, reference, shown: shownFactorOf(shown) },
        causeOf(context),
      ),
    checkPasskey: (_parent, proof: PasskeyProof, context) =>
      context.secondFactorService.checkPasskey(proof, causeOf(context)),
  },
  PasswordCheck: {
    secondFactors: ({ userId }: { userId: string | null }, _args, { secondFactorService }) =>
      userId === null ? [] : secondFactorService.askedBesides(userId),
  },
  User: {
    secondFactors: async ({ id }: { id: string }, _args, { accounts, secondFactorService }) =>
      secondFactorService.enrolled((await accounts.find(id)).id),
    recoveryCodesLeft: async ({ id }: { id: string }, _args, { accounts, secondFactorService }) =>
      secondFactorService.recoveryCodesLeft((await accounts.find(id)).id),
  },
}
