/** Peppers, in GraphQL. */
import type { GuardedContext } from '@latchkey/subgraph'
import { serviceOf } from '../foreign-keys/service.ts'
import type { PepperService } from './service.ts'

export interface PepperContext extends GuardedContext {
  readonly peppers: PepperService
}

interface RehashArguments {
  readonly input: { readonly keyId: string; readonly text: string }
}

export const pepperResolvers = {
  Mutation: {
    rehashApiKey: (_: unknown, { input }: RehashArguments, { peppers, principal, requestId }: PepperContext) =>
      peppers.rehash(input, { service: serviceOf(principal), requestId }),
  },
}
