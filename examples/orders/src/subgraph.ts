/** Another team's subgraph: it extends `User`, asks for a scope, and is guarded by one import. */
import { readFileSync } from 'node:fs'
import type { Clock } from '@latchkey/clock'
import { actingUserId, type Principal } from '@latchkey/principal'
import { Problem } from '@latchkey/problem'
import { createSubgraph, type GuardedContext, type Subgraph } from '@latchkey/subgraph'
import { guardReference } from '@latchkey/subgraph/guard'
import type { Logger } from '@latchkey/telemetry'
import { type Order, orderById, ordersOf } from './order.ts'
import { references, rules } from './rules.ts'

interface ById {
  readonly id: string
}

/** Unknown, or someone else's: the two read the same. */
function ownOrder(id: string, principal: Principal): Order {
  const order = orderById(id)
  if (!order || order.userId !== actingUserId(principal)) throw new Problem('NOT_FOUND', `order ${id}`)
  return order
}

const resolvers = {
  Query: {
    order: (_: unknown, { id }: ById, { principal }: GuardedContext) => ownOrder(id, principal),
  },
  User: {
    __resolveReference: guardReference<ById>(references.User, ({ id }) => ({ id })),
    orders: ({ id }: ById) => ordersOf(id),
  },
  Order: {
    __resolveReference: guardReference<ById>(references.Order, ({ id }, { principal }) => ownOrder(id, principal)),
    placedAt: ({ placedAt }: Order) => placedAt.toISOString(),
  },
}

/** What guards this graph, for whoever checks it without running it: `npm run matrix` finds it by this name. */
export const graph = { resolvers, rules }

/** By the clock it is judged how long ago a caller proved who they are, where the schema says `@requiresAssurance`. */
export const createOrdersSubgraph = ({ logger, clock }: { readonly logger: Logger; readonly clock: Clock }): Subgraph =>
  createSubgraph({
    name: 'orders',
    typeDefs: readFileSync(new URL('../schema.graphql', import.meta.url), 'utf8'),
    resolvers,
    rules,
    contextFor: () => ({}),
    logger,
    clock,
  })
