/** What a query plan asks of which subgraph, in order. */
import type { PlanNode, QueryPlan } from '@graphql-hive/router-query-planner'

export interface PlannedFetch {
  readonly service: string
  readonly operation: string
}

export const fetchesOf = ({ node }: QueryPlan): readonly PlannedFetch[] => (node ? fetchesUnder(node) : [])

function fetchesUnder(node: PlanNode): readonly PlannedFetch[] {
  if (node.kind === 'Fetch') return [{ service: node.serviceName, operation: node.operation }]
  if (node.kind === 'Flatten') return fetchesUnder(node.node)
  if (node.kind === 'Sequence' || node.kind === 'Parallel') return node.nodes.flatMap(fetchesUnder)
  throw new Error(`this floor does not know ${node.kind}`)
}
