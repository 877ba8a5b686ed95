/** Asks a subgraph in a test. */
import type { Principal } from '@latchkey/principal'
import { inProcessTransport } from './in-process.ts'
import type { Subgraph } from './subgraph.ts'
import type { Client, SubgraphResponse } from './transport.ts'

/** The answer, as the gateway would get it. */
export const ask = (
  subgraph: Subgraph,
  principal: Principal,
  query: string,
  variables: Readonly<Record<string, unknown>> = {},
  client?: Client,
): Promise<SubgraphResponse> =>
  inProcessTransport(subgraph)({ query, variables, principal, requestId: 'req_test', client })
