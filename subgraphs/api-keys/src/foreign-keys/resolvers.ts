/** Keys of other systems, in GraphQL. */
import type { GuardedContext } from '@latchkey/subgraph'
import { type ForeignKeys, serviceOf } from './service.ts'

export interface ForeignKeyContext extends GuardedContext {
  readonly foreignKeys: ForeignKeys
}

export const foreignKeyResolvers = {
  Mutation: {
    recogniseForeignKey: (
      _: unknown,
      { text }: { text: string },
      { foreignKeys, principal, requestId }: ForeignKeyContext,
    ) => foreignKeys.recognise(text, { service: serviceOf(principal), requestId }),
  },
}
