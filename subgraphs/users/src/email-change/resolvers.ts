/** Changes of address in GraphQL. */
import type { Principal } from '@latchkey/principal'
import type { Resolvers } from '@latchkey/subgraph'
import { causeOf } from '../audit/audit.ts'
import type { UsersContext } from '../context.ts'
import type { Asking } from './service.ts'

interface Token {
  readonly input: { readonly token: string }
}

const askingOf = (principal: Principal): Asking =>
  principal.kind === 'user'
    ? { accountId: principal.userId, sessionId: principal.sessionId }
    : { accountId: null, sessionId: null }

export const emailChangeResolvers: Resolvers<UsersContext> = {
  Mutation: {
    requestEmailChange: (_parent, { input }: { input: { newEmail: string } }, context) =>
      context.emailChangeService.request(input, askingOf(context.principal).accountId ?? '', causeOf(context)),
    confirmEmailChange: (_parent, { input }: Token, context) =>
      context.emailChangeService.confirm(input.token, askingOf(context.principal), causeOf(context)),
    undoEmailChange: (_parent, { input }: Token, context) =>
      context.emailChangeService.undo(input.token, causeOf(context)),
  },
}
