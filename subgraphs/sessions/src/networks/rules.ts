/** Who may see and change network rules: people who administer sessions. */
import { allow, inOrder, type Rules, requiresScopes, signedInPerson } from '@latchkey/subgraph/guard'

/** An administrator in person: what a key could open or shut would be open or shut to whoever finds it. */
export const administersSessions = inOrder(signedInPerson, requiresScopes(['sessions:admin']))

export const networkRules = {
  Query: { networkRules: administersSessions },
  Mutation: {
    allowNetwork: administersSessions,
    banNetwork: administersSessions,
    removeNetworkRule: administersSessions,
  },
  // Reached through the fields above only.
  NetworkRule: allow,
  NetworkRulePayload: allow,
} satisfies Rules
