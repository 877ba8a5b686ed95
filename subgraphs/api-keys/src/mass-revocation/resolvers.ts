/** Mass revocation in GraphQL. */
import type { GuardedContext } from '@latchkey/subgraph'
import { askerOf, reachOf } from '../keys/reach.ts'
import type { MassRevocationService, RevokeManyInput } from './service.ts'

export interface MassRevocationContext extends GuardedContext {
  readonly massRevocation: MassRevocationService
}

export const massRevocationResolvers = {
  Mutation: {
    revokeApiKeys: (_: unknown, { input }: { readonly input: RevokeManyInput }, context: MassRevocationContext) =>
      context.massRevocation.revoke(askerOf(context), reachOf(context.principal), input),
  },
}
