/** Trusted devices in GraphQL. */
import type { Resolvers } from '@latchkey/subgraph'
import { causeOf } from '../audit/audit.ts'
import type { UsersContext } from '../context.ts'
import { personOf } from '../second-factors/person.ts'
import type { DeviceQuestion } from './service.ts'

export const trustedDeviceResolvers: Resolvers<UsersContext> = {
  Mutation: {
    revokeTrustedDevice: (_parent, { id }: { id: string }, context) =>
      context.trustedDeviceService.revoke(personOf(context), id, causeOf(context)),
    revokeTrustedDevices: (_parent, _args, context) =>
      context.trustedDeviceService.revokeAll(personOf(context), causeOf(context)),
    trustDevice: (_parent, question: DeviceQuestion, context) =>
      context.trustedDeviceService.trust(question, causeOf(context)),
    useTrustedDevice: (_parent, question: DeviceQuestion, { trustedDeviceService }) =>
      trustedDeviceService.use(question),
  },
  User: {
    trustedDevices: async ({ id }: { id: string }, _args, { accounts, trustedDeviceService }) =>
      trustedDeviceService.ofAccount((await accounts.find(id)).id),
  },
}
