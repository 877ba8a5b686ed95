/** Apollo Server, and its only home: GET, persisted queries, malformed requests, the Sandbox page, first sight of an operation. */
import { ApolloServer, type ApolloServerPlugin, HeaderMap } from '@apollo/server'
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled'
import { ApolloServerPluginLandingPageLocalDefault } from '@apollo/server/plugin/landingPage/default'
import { problems } from '@latchkey/problem'
import type { Logger } from '@latchkey/telemetry'
import { buildSchema, type DocumentNode, GraphQLError, type GraphQLFormattedError, parse } from 'graphql'
import type { GraphQLRequest, Pipeline } from '../pipeline.ts'
import { rateLimitFields } from '../rate-limit-fields.ts'
import { writeResult } from '../respond/respond.ts'
import { withoutNetwork } from './sandbox-page.ts'

/** A request whose GraphQL part nobody has looked at yet. */
export type Envelope = Omit<GraphQLRequest, 'query' | 'operationName' | 'variables'>

export interface ApolloRequest {
  readonly envelope: Envelope
  /** With its question mark; empty for none. */
  readonly search: string
  readonly body: unknown
}

export interface WrittenAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Values of `Set-Cookie`. */
  readonly cookies?: readonly string[]
}

export interface ApolloFront {
  start(): Promise<void>
  stop(): Promise<void>
  ask(request: ApolloRequest): Promise<WrittenAnswer>
  /** Sandbox; `null` where there is none. */
  page(): Promise<string | null>
}

export interface ApolloOptions {
  readonly pipeline: Pipeline
  /** The address that the Sandbox page is for; `null`: there is no page. */
  readonly sandboxFor: string | null
  readonly logger: Logger
}

interface Context {
  readonly envelope: Envelope | null
  /** Left here by the pipeline: Apollo Server's headers have one value each. */
  readonly cookies: string[]
}

/** What Apollo Server needs to see of the request. Credentials are none of its business. */
const passedOn = ['content-type', 'x-apollo-operation-name', 'apollo-require-preflight'] as const
/** What it may add to our headers. */
const takenOver = ['allow', 'retry-after', 'www-authenticate', ...rateLimitFields]

export function createApolloFront({ pipeline, sandboxFor, logger }: ApolloOptions): ApolloFront {
  const landingPage =
    sandboxFor !== null
      ? ApolloServerPluginLandingPageLocalDefault({ embed: { runTelemetry: false }, footer: false })
      : ApolloServerPluginLandingPageDisabled()
  const server = new ApolloServer<Context>({
    schema: placeholderSchema,
    plugins: [
      throughPipeline(pipeline),
      landingPage,
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
    ],
    logger,
    nodeEnv: 'production',
    // The pipeline keeps its own prepared operations.
    documentStore: null,
    stopOnTerminationSignals: false,
    includeStacktraceInErrorResponses: false,
    formatError: (formatted, error) => mendCode(formatted, error, logger),
    stringifyResult: writeResult,
  })
  return {
    start: () => server.start(),
    stop: () => server.stop(),
    async ask({ envelope, search, body }) {
      const headers = new HeaderMap([['accept', 'application/json']])
      for (const name of passedOn)
        if (envelope.headers[name] !== undefined) headers.set(name, String(envelope.headers[name]))
      const httpGraphQLRequest = { method: envelope.method, headers, search, body }
      const context: Context = { envelope, cookies: [] }
      const answer = await server.executeHTTPGraphQLRequest({ httpGraphQLRequest, context: async () => context })
      return { ...read(answer), cookies: context.cookies }
    },
    async page() {
      if (sandboxFor === null) return null
      const headers = new HeaderMap([['accept', 'text/html']])
      const httpGraphQLRequest = { method: 'GET', headers, search: '', body: undefined }
      const answer = await server.executeHTTPGraphQLRequest({
        httpGraphQLRequest,
        context: async () => ({ envelope: null, cookies: [] }),
      })
      return withoutNetwork(read(answer).body, sandboxFor)
    },
  }
}

type ApolloAnswer = Awaited<ReturnType<ApolloServer['executeHTTPGraphQLRequest']>>

function read({ status = 200, headers, body }: ApolloAnswer): WrittenAnswer {
  if (body.kind !== 'complete') throw new Error('Apollo Server answered in parts')
  const taken = takenOver.flatMap((name) => {
    const value = headers.get(name)
    return value === undefined ? [] : [[name, value]]
  })
  return { status, headers: Object.fromEntries(taken), body: body.string }
}

/** Stands for the operation while Apollo Server keeps its protocol: the pipeline parses, measures and validates the real one. */
const placeholder: DocumentNode = parse('{ __typename }')
/** And for the schema, which may be another one by the next request. */
const placeholderSchema = buildSchema('type Query { isServedByThePipeline: Boolean }')

function throughPipeline(pipeline: Pipeline): ApolloServerPlugin<Context> {
  return {
    requestDidStart: async () => ({
      async didResolveSource(context) {
        // With a document in place Apollo Server neither parses nor validates; its types do not say that a plugin may set it.
        ;(context as { document?: DocumentNode }).document = placeholder
      },
      async responseForOperation({ contextValue, source, request: { operationName, variables = {} } }) {
        const { envelope, cookies } = contextValue
        if (!envelope) return null
        const answer = await pipeline({
          ...envelope,
          query: source,
          operationName: operationName || undefined,
          variables,
        })
        cookies.push(...(answer.cookies ?? []))
        const headers = new HeaderMap(Object.entries(answer.headers))
        return { http: { status: answer.status, headers }, body: { kind: 'single', singleResult: answer.result } }
      },
    }),
  }
}

/** Apollo Server's own refusals. What it takes for its own fault is ours, unless it is a bad request without a code. */
function mendCode(formatted: GraphQLFormattedError, error: unknown, logger: Logger): GraphQLFormattedError {
  if (formatted.extensions?.code !== 'INTERNAL_SERVER_ERROR') return formatted
  const http = error instanceof GraphQLError ? (error.extensions.http as { status?: number } | undefined) : undefined
  if (http?.status === 400) return { ...formatted, extensions: { ...formatted.extensions, code: 'BAD_REQUEST' } }
  logger.error({ err: error }, 'internal fault')
  return { message: problems.INTERNAL.message, extensions: { code: 'INTERNAL' } }
}
