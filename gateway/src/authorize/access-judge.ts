/** What the gateway's own step says of an operation, asked without a gateway: for whoever checks access. */
import type { Clock } from '@latchkey/clock'
import type { Principal } from '@latchkey/principal'
import { Problem } from '@latchkey/problem'
import { readPublicGraph } from '@latchkey/public-graph'
import { readAccessMap } from '@latchkey/subgraph/access-map'
import type { GraphQLSchema } from 'graphql'
import { describeSets } from '../compose/access-words.ts'
import { createCostJudge } from '../cost/judge-cost.ts'
import { createViews } from '../introspection/views.ts'
import { createOperations } from '../operations.ts'
import { createAuthorize } from './authorize.ts'
import { createKeyAccess } from './key-access.ts'
import { defaultLimits } from './operation-limits.ts'

export interface AccessJudge {
  /** What a client sees. */
  readonly schema: GraphQLSchema
  /** What somebody sees of it where introspection is filtered. Throws UNAUTHENTICATED, or FORBIDDEN where that is nothing. */
  seenBy(principal: Principal): GraphQLSchema
  /**
   * `true`, or the refusal that it would answer with. Throws when the operation is not valid. What policies say is known to whoever
   * runs the gateway, and perhaps only at the time: here they all say yes.
   */
  judge(query: string, principal: Principal): true | Problem
  /** The policies that are asked besides, in words, such as `a and b`; `null`: none. */
  policiesOf(query: string): string | null
}

const costsNothing = { formula: 0, fault: null, asked: new Map<string, number>() }

/** @throws Error when the supergraph is none, or carries a directive for security that is not enforced. */
export function createAccessJudge(supergraphSdl: string, clock: Clock): AccessJudge {
  const graph = readPublicGraph(supergraphSdl)
  const operations = createOperations<null>({
    ...graph,
    compile: () => null,
    readCost: () => costsNothing,
    limits: defaultLimits,
    schemaDetails: 'open',
    entriesMax: 10_000,
  })
  const keyAccess = createKeyAccess(graph.schema)
  const viewFor = createViews({
    ...{ schema: graph.schema, accessMap: readAccessMap(supergraphSdl), keyAccess, mode: 'filtered' },
  })
  const judgeCost = createCostJudge({ mode: 'off', max: 0 })
  const authorize = createAuthorize({
    operations,
    clock,
    keyAccess,
    judgeCost,
    policies: () => ({ allows: () => true }),
  })
  return {
    schema: graph.schema,
    seenBy: (principal) => viewFor({ principal })?.() ?? graph.schema,
    judge(query, principal) {
      try {
        authorize(
          { method: 'POST', headers: {}, query, operationName: undefined, variables: {}, client: nowhere },
          { principal },
        )
        return true
      } catch (thrown) {
        if (thrown instanceof Problem && thrown.code !== 'OPERATION_TOO_COSTLY') return thrown
        throw thrown
      }
    },
    policiesOf: (query) => describeSets(operations.prepare(query, undefined).requirement.policies) || null,
  }
}

const nowhere = { address: '', userAgent: '' }
