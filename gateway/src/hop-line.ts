/** The gateway's line for each request, as every hop writes one: seen where the request has ended. */
import { Problem } from '@latchkey/problem'
import { operationIn, writeHop, writesHops } from '@latchkey/subgraph/hop-line'
import type { Logger } from '@latchkey/telemetry'
import { GraphQLError } from 'graphql'
import type { Ending, Witness } from './pipeline.ts'

/** The same witness, with a line for each request; itself, where nobody reads them. */
export const createHopLines =
  (logger: Logger) =>
  (witness: Witness): Witness => {
    if (!writesHops(logger)) return witness
    return (request, ending, tookMs) => {
      const { requestId, operationName } = request
      writeHop(logger, {
        ...{ requestId, hop: 'gateway', operation: operationIn(operationName), tookMs, outcome: outcomeOf(ending) },
        principal: ending.caller?.principal.kind ?? 'unknown',
      })
      witness(request, ending, tookMs)
    }
  }

/** `OK`, or the code of the first error. */
export function outcomeOf({ result, thrown }: Ending): string {
  if (result) return String(result.errors?.[0]?.extensions?.code ?? 'OK')
  const first: unknown = thrown instanceof AggregateError ? thrown.errors[0] : thrown
  if (first instanceof Problem) return first.code
  return first instanceof GraphQLError ? String(first.extensions.code) : 'INTERNAL'
}
