/** One line a request and hop, at level `debug`: all that carry one id are one request, from the edge to the last subgraph. */
import type { Logger } from '@latchkey/telemetry'
import type { Subgraph } from './subgraph.ts'
import type { SubgraphRequest, SubgraphResponse } from './transport.ts'

/** What every hop says of a request: never who somebody is, and nothing that they sent or are told. */
export interface HopLine {
  readonly requestId: string
  /** `gateway`, or the name of a subgraph. */
  readonly hop: string
  readonly operation: string
  readonly principal: string
  /** `OK`, or the code of the first error. */
  readonly outcome: string
  readonly tookMs: number
}

const namedMax = 100

/** Operations are named by whoever asks, and as long as they like. */
export const operationIn = (name: string | undefined): string => (name ?? 'anonymous').slice(0, namedMax)

/** Where nobody reads the lines, nothing is done for them. */
export const writesHops = (logger: Logger): boolean => logger.isLevelEnabled('debug')

export const writeHop = (logger: Logger, { tookMs, ...line }: HopLine): void =>
  logger.debug({ ...line, tookMs: Math.round(tookMs * 10) / 10 }, 'answered')

/** The same subgraph, with a line for each operation. */
export function withHopLines(subgraph: Subgraph, logger: Logger): Subgraph {
  if (!writesHops(logger)) return subgraph
  const write = (request: SubgraphRequest, { errors }: SubgraphResponse, tookMs: number) =>
    writeHop(logger, {
      ...{ requestId: request.requestId, hop: subgraph.name, operation: operationIn(request.operationName) },
      ...{ principal: request.principal.kind, outcome: String(errors?.[0]?.extensions?.code ?? 'OK'), tookMs },
    })
  return {
    ...subgraph,
    async execute(request) {
      const begunMs = performance.now()
      const answer = await subgraph.execute(request)
      write(request, answer, performance.now() - begunMs)
      return answer
    },
  }
}
