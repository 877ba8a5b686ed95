/** The gateway in a trace: the request, its steps, and each subgraph that it asks. Where there are no traces, everything is as it was. */
import { createHash } from 'node:crypto'
import { operationIn } from '@latchkey/subgraph/hop-line'
import type { SubgraphTransport } from '@latchkey/subgraph/transport'
import { isTraced, note, noteFailure, traced, tracedFromHere, tracesAreOpen } from '@latchkey/telemetry/traces'
import { outcomeOf } from './hop-line.ts'
import type { Balance, GraphQLRequest, Pipeline, Steps, Witness } from './pipeline.ts'

const request = { name: 'graphql', kind: 'server' } as const

const traceparentIn = ({ headers: { traceparent } }: GraphQLRequest): string | undefined =>
  typeof traceparent === 'string' ? traceparent : undefined

/** The same pipeline, each request of which is a trace, or goes on with the one of a proxy of ours. */
export const tracedPipeline = (pipeline: Pipeline): Pipeline =>
  tracesAreOpen() ? (asked) => tracedFromHere(traceparentIn(asked), request, () => pipeline(asked)) : pipeline

/** The same steps, each a part of the trace. */
export function tracedSteps<Plan>(steps: Steps<Plan>): Steps<Plan> {
  if (!tracesAreOpen()) return steps
  const { authenticate, authorize, balanceOf, execute } = steps
  return {
    ...steps,
    authenticate: (...asked) => traced({ name: 'authenticate', kind: 'internal' }, () => authenticate(...asked)),
    // Who is recalled is authenticated in the step that confirms them.
    balanceOf: (key) => {
      const balance = balanceOf(key)
      const spendIf: Balance['spendIf'] = (...asked) =>
        traced({ name: 'authenticate', kind: 'internal' }, () => balance.spendIf(...asked))
      return { ...balance, spendIf }
    },
    authorize: (...asked) => traced({ name: 'authorize', kind: 'internal' }, () => authorize(...asked)),
    execute: (...asked) => traced({ name: 'execute', kind: 'internal' }, () => execute(...asked)),
  }
}

/** The same witness, which tells the trace what it saw. */
export const tracedWitness = (witness: Witness): Witness =>
  tracesAreOpen()
    ? (asked, ending, tookMs) => {
        if (isTraced()) tell(asked, outcomeOf(ending), ending.caller?.principal.kind)
        witness(asked, ending, tookMs)
      }
    : witness

// The id of the request is the id of the decision, and in every line of the log.
function tell({ requestId, operationName, query }: GraphQLRequest, outcome: string, principal = 'unknown'): void {
  note({
    'latchkey.request_id': requestId,
    'latchkey.principal': principal,
    'latchkey.outcome': outcome,
    'graphql.operation.name': operationIn(operationName),
    'graphql.document.hash': createHash('sha256').update(query).digest('hex'),
  })
  if (outcome !== 'OK') noteFailure(outcome)
}

type Transports = Readonly<Record<string, SubgraphTransport>>

/** The same ways to subgraphs, each question a part of the trace. */
export function tracedTransports(transports: Transports): Transports {
  if (!tracesAreOpen()) return transports
  return Object.fromEntries(
    Object.entries(transports).map(([name, ask]): [string, SubgraphTransport] => {
      const work = { name: `fetch ${name}`, kind: 'client' } as const
      return [name, (asked) => traced(work, () => ask(asked))]
    }),
  )
}
