/** Another team's subgraph, served by Apollo Server: it extends `ApiKey`, and all that guards it is here. */
import { readFileSync } from 'node:fs'
import { guardReference, inOrder, requiresScopes, signedIn } from '@latchkey/subgraph/guard'
import type { Rules, SubgraphServerOptions } from '@latchkey/subgraph/server'

interface ById {
  readonly id: string
}

const mayReadCosts = inOrder(signedIn, requiresScopes(['billing:read']))

const rules = { ApiKey: { id: signedIn, cost: mayReadCosts } } satisfies Rules

/** Always the same for a key. A real subgraph would ask its database here. */
const costOf = ({ id }: ById): number => [...Buffer.from(id)].reduce((sum, byte) => sum + byte, 0)

const resolvers = {
  ApiKey: {
    __resolveReference: guardReference<ById>(signedIn, ({ id }) => ({ id })),
    cost: costOf,
  },
}

/** What guards this graph, for whoever checks it without running it: `npm run matrix` finds it by this name. */
export const graph = { resolvers, rules }

export const billing = {
  name: 'billing',
  typeDefs: readFileSync(new URL('../schema.graphql', import.meta.url), 'utf8'),
  resolvers,
  rules,
} satisfies Omit<SubgraphServerOptions<object, object>, 'trust'>
