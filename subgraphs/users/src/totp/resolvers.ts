/** The authenticator app in GraphQL. */
import type { Resolvers } from '@latchkey/subgraph'
import { causeOf } from '../audit/audit.ts'
import type { UsersContext } from '../context.ts'
import { personOf } from '../second-factors/person.ts'
import type { RemoveTotpInput } from './service.ts'

export const totpResolvers: Resolvers<UsersContext> = {
  Mutation: {
    enrolTotp: (_parent, _args, context) => context.totpService.enrol(personOf(context), causeOf(context)),
    confirmTotp: (_parent, { input }: { input: { code: string } }, context) =>
      context.totpService.confirm(personOf(context), input.code, causeOf(context)),
    removeTotp: (_parent, { input }: { input: RemoveTotpInput }, context) =>
      context.totpService.remove(personOf(context), input, causeOf(context)),
  },
}
