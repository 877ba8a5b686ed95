/** Asks a subgraph of the same process: a function call. */
import type { Principal } from '@latchkey/principal'
import type { Subgraph } from './subgraph.ts'
import type { SubgraphTransport } from './transport.ts'

/** The principal arrives frozen, so that no resolver can give itself what the gateway did not. */
export const inProcessTransport =
  (subgraph: Subgraph): SubgraphTransport =>
  (request) => {
    freeze(request.principal)
    return subgraph.execute(request)
  }

const frozen = new WeakSet<Principal>()

function freeze(principal: Principal): void {
  if (frozen.has(principal)) return
  for (const value of Object.values(principal)) Object.freeze(value)
  frozen.add(Object.freeze(principal))
}
