/** Passkeys in GraphQL. */
import type { Resolvers } from '@latchkey/subgraph'
import { causeOf } from '../audit/audit.ts'
import type { UsersContext } from '../context.ts'
import { personOf } from '../second-factors/person.ts'
import type { StoredPasskey } from './passkey.ts'

export const passkeyResolvers: Resolvers<UsersContext> = {
  Mutation: {
    startPasskeyEnrolment: (_parent, _args, context) => context.passkeyService.start(personOf(context)),
    finishPasskeyEnrolment: (_parent, { input }: { input: { response: string; name: string } }, context) =>
      context.passkeyService.finish(personOf(context), input, causeOf(context)),
    renamePasskey: (_parent, { input }: { input: { id: string; name: string } }, context) =>
      context.passkeyService.rename(personOf(context), input, causeOf(context)),
    removePasskey: (_parent, { id }: { id: string }, context) =>
      context.passkeyService.remove(personOf(context), id, causeOf(context)),
  },
  User: {
    passkeys: async ({ id }: { id: string }, _args, { accounts, passkeyService }) =>
      passkeyService.ofAccount((await accounts.find(id)).id),
  },
  Passkey: {
    name: (passkey: StoredPasskey, _args, { passkeyService }) => passkeyService.nameOf(passkey),
  },
}
