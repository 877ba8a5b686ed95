/** Security notices in GraphQL. */
import type { Resolvers } from '@latchkey/subgraph'
import { causeOf } from '../audit/audit.ts'
import type { UsersContext } from '../context.ts'
import type { NoteImpersonationInput } from './impersonation.ts'

export const noticeResolvers: Resolvers<UsersContext> = {
  Mutation: {
    reportNotMe: (_parent, { input }: { input: { token: string } }, context) =>
      context.notMeService.report(input.token, causeOf(context)),
    noteNewDevice: (_parent, { userId }: { userId: string }, context) =>
      context.newDevices.note('new-device', userId, causeOf(context)),
    noteReusedToken: (_parent, { userId }: { userId: string }, context) =>
      context.newDevices.note('token-reused', userId, causeOf(context)),
    noteImpersonation: (_parent, { input }: { input: NoteImpersonationInput }, context) =>
      context.impersonations.note(input, causeOf(context)),
  },
}
