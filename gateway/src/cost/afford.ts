/** Whether somebody may still ask for as much as an operation costs, by what they asked for before. */
import type { Principal } from '@latchkey/principal'
import type { CostBudgets } from '@latchkey/principal/cost-budgets'
import { Problem } from '@latchkey/problem'
import { clientNetwork } from '@latchkey/subgraph/network'
import type { PermittedOperation } from '../authorize/authorize.ts'
import type { GraphQLRequest } from '../pipeline.ts'

export interface AffordTerms {
  readonly budgets: CostBudgets
  /** What costs no more is not counted, and asks nobody. */
  readonly freeMax: number
}

/** Spends, or throws RATE_LIMITED; `null`: there is nothing to spend. */
export type Afford = (operation: PermittedOperation<unknown>, request: Asked) => Promise<void> | null

type Asked = Pick<GraphQLRequest, 'client' | 'signal'>

/** A key spends from the limits that are its own. */
export const createAfford =
  ({ budgets, freeMax }: AffordTerms): Afford =>
  ({ cost, principal }, request) =>
    cost <= freeMax || principal.kind === 'apiKey' ? null : spend(budgets, { cost, principal, request })

interface Spent {
  readonly cost: number
  readonly principal: Principal
  readonly request: Asked
}

async function spend(budgets: CostBudgets, { cost, principal, request }: Spent): Promise<void> {
  if (request.signal.aborted) throw new Problem('UNAVAILABLE', 'the client left before anything was spent')
  const whose = purseOf(principal, request)
  const { outcome, retryAfterMs } = await budgets.spend(whose, cost)
  if (outcome === 'SPENT') return
  throw new Problem('RATE_LIMITED', `cost of ${whose}`, {
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    message: 'Too much was asked for in too short a time, by what it costs. Wait, or ask for less at once.',
  })
}

/** All sessions of a person are one; strangers of one network too. */
function purseOf(principal: Principal, { client }: Asked): string {
  if (principal.kind === 'user') return `user:${principal.userId}`
  if (principal.kind === 'service') return `service:${principal.name}`
  return `network:${clientNetwork(client.address)}`
}
