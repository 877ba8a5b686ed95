/** Network rules, as the graph asks for them. */
import type { SessionsContext } from '../context.ts'
import { occasionOf } from '../ledger/ledger.ts'
import type { NetworkRule } from './network-rule.ts'
import type { NetworkRuleInput } from './service.ts'

interface WithInput {
  readonly input: NetworkRuleInput
}

export const networkResolvers = {
  Query: {
    networkRules: (_parent: unknown, _args: unknown, { networks }: SessionsContext) => networks.list(),
  },
  Mutation: {
    allowNetwork: async (_parent: unknown, { input }: WithInput, context: SessionsContext) => ({
      networkRule: await context.networks.put('ALLOW', input, occasionOf(context)),
    }),
    banNetwork: async (_parent: unknown, { input }: WithInput, context: SessionsContext) => ({
      networkRule: await context.networks.put('BAN', input, occasionOf(context)),
    }),
    removeNetworkRule: async (_parent: unknown, { id }: { id: string }, context: SessionsContext) => ({
      networkRule: await context.networks.remove(id, occasionOf(context)),
    }),
  },
  NetworkRule: {
    createdAt: ({ createdAt }: NetworkRule) => createdAt.toISOString(),
    expiresAt: ({ expiresAt }: NetworkRule) => expiresAt.toISOString(),
  },
}
