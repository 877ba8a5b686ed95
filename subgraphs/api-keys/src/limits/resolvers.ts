/** What keys have left, in GraphQL. */
import type { ApiKey, ListedKey } from '../keys/key.ts'
import { type KeyContext, whole } from '../keys/resolvers.ts'
import type { Balance, Balances, StandingLimit } from './service.ts'

export interface LimitContext extends KeyContext {
  readonly balances: Balances
}

type Uses = NonNullable<Balance['uses']>

const balanceOf = async (key: ListedKey | ApiKey, context: LimitContext) =>
  context.balances.of(await whole(key, context))

export const limitResolvers = {
  Query: {
    apiKeyUsesSpent: (_: unknown, { id }: { readonly id: string }, { balances }: LimitContext) => balances.written(id),
  },
  ApiKey: {
    rateLimits: async (key: ListedKey, _: unknown, context: LimitContext) => (await balanceOf(key, context)).limits,
    uses: async (key: ListedKey, _: unknown, context: LimitContext) => (await balanceOf(key, context)).uses,
    usesLeft: async (key: ListedKey, _: unknown, context: LimitContext) =>
      (await balanceOf(key, context)).uses?.left ?? null,
  },
  ApiKeyRateLimit: {
    unit: ({ unit }: StandingLimit) => (unit === 'cost' ? 'COST' : 'REQUESTS'),
    windowSeconds: ({ windowMs }: StandingLimit) => windowMs / 1_000,
    resetAt: ({ resetAt }: StandingLimit) => resetAt.toISOString(),
  },
  ApiKeyUses: {
    refillsAt: ({ refillsAt }: Uses) => refillsAt?.toISOString() ?? null,
  },
}
