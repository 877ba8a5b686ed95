/** The gateway's own subgraph: what is asked about the graph itself. It is always in the gateway's process. */
import { readFileSync } from 'node:fs'
import { createSubgraph, type Subgraph } from '@latchkey/subgraph'
import type { Logger } from '@latchkey/telemetry'
import { type ExplainContext, resolvers } from './resolvers.ts'
import { rules } from './rules.ts'
import type { ExplainService } from './service.ts'

/** As `supergraph.yaml` calls it. */
export const ownSubgraphName = 'gateway'

/** What guards it, for whoever checks access. */
export const graph = { resolvers, rules }

export const createOwnSubgraph = (explainService: ExplainService, logger: Logger): Subgraph =>
  createSubgraph<ExplainContext, Pick<ExplainContext, 'explainService'>>({
    ...{ name: ownSubgraphName, resolvers, rules, logger },
    typeDefs: readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8'),
    services: { explainService },
    contextFor: (_principal, { client }) => ({ client }),
  })
