/** Who may see orders: the caller is in the context, verified, before any of this runs. */
import { actingUserId } from '@latchkey/principal'
import { Problem } from '@latchkey/problem'
import { inOrder, type Rules, requiresScopes, rule, signedIn } from '@latchkey/subgraph/guard'
import type { Order } from './order.ts'

const mayReadOrders = inOrder(signedIn, requiresScopes(['orders:read']))

/** Someone else's orders read like orders that do not exist. */
const isTheirs = rule<Order>(
  'isTheirs',
  ({ userId }, _args, { principal }) => actingUserId(principal) === userId || new Problem('NOT_FOUND'),
  { cache: 'none' },
)

const isThemselves = rule<{ readonly id: string }>(
  'isThemselves',
  ({ id }, _args, { principal }) => actingUserId(principal) === id || new Problem('NOT_FOUND'),
  { cache: 'none' },
)

/** References are judged before anything is looked up. */
export const references = { User: signedIn, Order: mayReadOrders }

export const rules = {
  Query: { order: mayReadOrders },
  User: {
    id: signedIn,
    orders: inOrder(mayReadOrders, isThemselves),
  },
  Order: inOrder(mayReadOrders, isTheirs),
} satisfies Rules
