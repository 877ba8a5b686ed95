/** For the tests of a subgraph: whoever you like as the caller, and a gateway to be asked by. */
import type { Principal } from '@latchkey/principal'
import { inProcessTransport } from './in-process.ts'
import type { Subgraph } from './subgraph.ts'
import type { Client, SubgraphResponse } from './transport.ts'

export { anonymous } from '@latchkey/principal'
export { anApiKey, aService, aUser } from '@latchkey/principal/testing'
export { createFakeGateway, type FakeGateway, type SubgraphAnswer } from './kit/fake-gateway.ts'

/** The answer, as the gateway would get it. */
export const ask = (
  subgraph: Subgraph,
  principal: Principal,
  query: string,
  variables: Readonly<Record<string, unknown>> = {},
  client?: Client,
): Promise<SubgraphResponse> =>
  inProcessTransport(subgraph)({ query, variables, principal, requestId: 'req_test', client })
