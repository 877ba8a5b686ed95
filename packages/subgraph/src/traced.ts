/** A subgraph in a trace: every operation that it is asked is a part of its own. */
import { note, noteFailure, traced, tracesAreOpen, type Work } from '@latchkey/telemetry/traces'
import { operationIn } from './hop-line.ts'
import type { Subgraph } from './subgraph.ts'
import type { SubgraphRequest, SubgraphResponse } from './transport.ts'

/** The same subgraph; itself, where there are no traces. */
export function withTraces(subgraph: Subgraph): Subgraph {
  if (!tracesAreOpen()) return subgraph
  const work: Work = { name: `subgraph ${subgraph.name}`, kind: 'internal' }
  async function execute(request: SubgraphRequest): Promise<SubgraphResponse> {
    const answer = await subgraph.execute(request)
    tell(request, answer)
    return answer
  }
  return { ...subgraph, execute: (request) => traced(work, () => execute(request)) }
}

function tell({ requestId, operationName, principal }: SubgraphRequest, { errors }: SubgraphResponse): void {
  const outcome = String(errors?.[0]?.extensions?.code ?? 'OK')
  note({
    'latchkey.request_id': requestId,
    'latchkey.principal': principal.kind,
    'latchkey.outcome': outcome,
    'graphql.operation.name': operationIn(operationName),
  })
  if (outcome !== 'OK') noteFailure(outcome)
}
