/** Impersonation, as the graph asks for it. */
import type { SessionRecord } from '@latchkey/principal/credential-records'
import type { SessionsContext } from '../context.ts'
import { occasionOf } from '../ledger/ledger.ts'
import { personOf } from '../sessions/person.ts'
import type { ImpersonateInput } from './impersonation.ts'
import type { Impersonation } from './service.ts'

export const impersonationResolvers = {
  Mutation: {
    impersonateUser: (_parent: unknown, { input }: { input: ImpersonateInput }, context: SessionsContext) =>
      context.impersonations.begin(input, personOf(context), { ...context.client, requestId: context.requestId }),
    endImpersonation: (_parent: unknown, { sessionId }: { sessionId: string }, context: SessionsContext) =>
      context.impersonations.end(sessionId, personOf(context), occasionOf(context)),
  },
  ImpersonateUserPayload: {
    expiresAt: ({ expiresAt }: Impersonation) => expiresAt.toISOString(),
    sessionId: ({ session }: Impersonation) => session.sessionId,
  },
  Session: { impersonatedBy: ({ act }: SessionRecord) => act?.sub ?? null },
}
