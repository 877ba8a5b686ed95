/**
 * Latchkey behind Hive Gateway: a plugin for its `plugins`. Everything that reaches a subgraph was exchanged for before; nothing of a
 * client's own headers does. Leave `batching` off, as it is unless said: one request is one operation here.
 */
import { type ExecutionResult, GraphQLError } from 'graphql'
import type { Exchange, Refused, SubgraphHeaders } from './exchange.ts'

/** What Hive Gateway hands its plugins, as far as this one looks at it. */
interface Asked {
  readonly request: Request
  readonly params: {
    readonly query?: string | undefined
    readonly operationName?: string | undefined
    readonly variables?: Readonly<Record<string, unknown>> | undefined
  }
  readonly context: object
  readonly setResult: (result: ExecutionResult) => void
}

interface ExecutingInSubgraph {
  readonly subgraphName: string
  readonly executionRequest: {
    readonly context?: { readonly request?: Request } | undefined
    // Hive Gateway reads the headers of the request to come from here.
    extensions?: Record<string, unknown> | undefined
  }
}

/** As node:http has it; on other platforms the address is told by whoever stands in front. */
interface NodeContext {
  readonly req?: { readonly socket?: { readonly remoteAddress?: string } }
}

export function latchkeyForHive(exchange: Exchange) {
  const granted = new WeakMap<Request, Readonly<Record<string, SubgraphHeaders>>>()
  return {
    async onParams({ request, params, context, setResult }: Asked): Promise<void> {
      const { req } = context as NodeContext
      const answer = await exchange({
        header: (name) => request.headers.get(name) ?? undefined,
        address: addressOf(request, req?.socket?.remoteAddress),
        query: params.query,
        operationName: params.operationName,
        variables: params.variables,
      })
      if (answer.kind === 'granted') granted.set(request, answer.headers)
      else setResult(refusal(answer))
    },
    onSubgraphExecute({ subgraphName, executionRequest }: ExecutingInSubgraph): void {
      const { request } = executionRequest.context ?? {}
      const headers = request && granted.get(request)?.[subgraphName]
      if (!headers) throw new Error(`${subgraphName} is asked without an envelope`)
      // In place of all others: what a client sends under the same names goes no further.
      executionRequest.extensions = { ...executionRequest.extensions, headers }
    },
  }
}

/** `http` is what the answer goes out with, and leaves it. */
const refusal = ({ status, headers, errors }: Refused): ExecutionResult => ({
  errors: errors.map(({ message, extensions }) => new GraphQLError(message, { extensions })),
  extensions: { http: { status, headers } },
})

/** As a proxy adds itself: what was said before stands to the left. */
function addressOf(request: Request, remote: string | undefined): string | undefined {
  const said = request.headers.get('x-forwarded-for')
  return [said, remote].filter((part) => part !== null && part !== undefined).join(', ') || undefined
}
