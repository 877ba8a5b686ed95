/** Unused keys in GraphQL. */
import type { GuardedContext } from '@latchkey/subgraph'
import type { PageArguments } from '@latchkey/subgraph/page'
import { reachOf } from '../keys/reach.ts'
import type { UnusedService } from './service.ts'

export interface UnusedContext extends GuardedContext {
  readonly unused: UnusedService
}

type Asked = PageArguments & { readonly days: number }

export const unusedResolvers = {
  Query: {
    unusedApiKeys: (_: unknown, { days, ...page }: Asked, { unused, principal }: UnusedContext) =>
      unused.unused(reachOf(principal), days, page),
  },
}
