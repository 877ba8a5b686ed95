/** A guarded subgraph that Apollo Server runs, with its plugins. A home of Apollo Server. */
import { ApolloServer, type ApolloServerPlugin } from '@apollo/server'
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled'
import type { Logger } from '@latchkey/telemetry'
import type { GraphQLError } from 'graphql'
import { maskThrown } from '../mask.ts'
import { type GuardedContext, guardSchema, masked, type Subgraph, type SubgraphDefinition } from '../subgraph.ts'
import type { SubgraphRequest, SubgraphResponse } from '../transport.ts'

export interface ApolloSubgraph extends Subgraph {
  start(): Promise<void>
  stop(): Promise<void>
}

const heard: unique symbol = Symbol('heard')

/** Takes the errors as they were thrown: Apollo Server writes them down without. It copies the context, and the list is the same. */
interface HearingContext extends GuardedContext {
  readonly [heard]: GraphQLError[]
}

const hearErrors: ApolloServerPlugin<HearingContext> = {
  requestDidStart: async () => ({
    didEncounterErrors: async ({ contextValue, errors }) => {
      contextValue[heard].splice(0, Number.POSITIVE_INFINITY, ...errors)
    },
  }),
}

/** Answers as `createSubgraph` does; a test holds both to it. */
export function createApolloSubgraph<Context extends object, Services extends object = object>(
  definition: SubgraphDefinition<Context, Services>,
  plugins: readonly ApolloServerPlugin[] = [],
): ApolloSubgraph {
  const { name, logger } = definition
  const { schema, contextOf } = guardSchema(definition)
  const server = new ApolloServer<HearingContext>({
    schema,
    plugins: [
      ...plugins,
      hearErrors,
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
    ],
    logger,
    // Whoever gets as far as this is the gateway; nobody else is shown the schema.
    introspection: true,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
  })
  return {
    name,
    schema,
    start: () => server.start(),
    stop: () => server.stop(),
    execute: (request) => answer(server, contextOf, request, logger),
  }
}

async function answer(
  server: ApolloServer<HearingContext>,
  contextOf: (request: SubgraphRequest) => GuardedContext,
  request: SubgraphRequest,
  logger: Logger,
): Promise<SubgraphResponse> {
  const { query, variables, operationName, requestId } = request
  const masking = { requestId, logger }
  try {
    const errors: GraphQLError[] = []
    const contextValue = Object.assign(contextOf(request), { [heard]: errors })
    const asked = { query, variables, ...(operationName !== undefined && { operationName }) }
    const { body } = await server.executeOperation(asked, { contextValue })
    if (body.kind !== 'single') throw new Error('Apollo Server answered in parts')
    const { data } = body.singleResult
    return masked({ ...(data !== undefined && { data }), ...(errors.length > 0 && { errors }) }, masking)
  } catch (thrown) {
    return { errors: [maskThrown(thrown, masking)] }
  }
}
