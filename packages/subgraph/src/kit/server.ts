/** A subgraph of your own in a few lines: Apollo Server, a rule for every field, and the verified caller in every resolver. */
import type { ApolloServerPlugin } from '@apollo/server'
import { createLogger, type Logger } from '@latchkey/telemetry'
import { type ServedSubgraph, serveSubgraph } from '../serve.ts'
import type { SubgraphDefinition } from '../subgraph.ts'
import { createApolloSubgraph } from './apollo.ts'
import { createEnvelopeOpener, type Trust } from './verifier.ts'

export {
  type ApiKeyPrincipal,
  actingUserId,
  holdsScope,
  isSignedIn,
  type Principal,
  type ServicePrincipal,
  type UserPrincipal,
} from '@latchkey/principal'
export { badInput, Problem, type ProblemCode } from '@latchkey/problem'
export type { GuardedContext, Resolvers, Rules } from '../subgraph.ts'
export type { Trust } from './verifier.ts'

export interface SubgraphServerOptions<Context extends object, Services extends object>
  extends Omit<SubgraphDefinition<Context, Services>, 'logger' | 'contextFor'>,
    Partial<Pick<SubgraphDefinition<Context, Services>, 'contextFor'>> {
  /** Whose word counts about who is asking. */
  readonly trust: Trust
  /** JSON lines to standard output unless given. */
  readonly logger?: Logger
  /** Of Apollo Server. */
  readonly plugins?: readonly ApolloServerPlugin[]
  /** Whether what it needs can be reached, for `/health/ready`; always unless given. */
  readonly ready?: () => Promise<boolean>
}

export interface ListenOptions {
  /** 0, or none, takes a free one. */
  readonly port?: number
  /** 127.0.0.1 unless given. */
  readonly host?: string
}

export interface SubgraphServer {
  /** Operations go to `/graphql` below its `url`. */
  listen(options?: ListenOptions): Promise<{ readonly url: string }>
  /** Finishes the requests under way. */
  close(): Promise<void>
}

/**
 * Throws at once, naming what is wrong: a field without a rule, a rule for a field that is not there. It answers who brings a
 * principal that the gateway sealed for it; everybody else is told 401 and nothing more, before the request is read.
 */
export function createSubgraphServer<Context extends object = object, Services extends object = object>(
  options: SubgraphServerOptions<Context, Services>,
): SubgraphServer {
  const { name, trust, plugins = [], ready = async () => true } = options
  const logger = options.logger ?? createLogger({ level: 'info', service: name })
  // Without one there is nothing to be found besides the services.
  const contextFor =
    options.contextFor ?? (() => ({}) as ReturnType<SubgraphDefinition<Context, Services>['contextFor']>)
  const subgraph = createApolloSubgraph({ ...options, contextFor, logger }, plugins)
  const open = createEnvelopeOpener({ audience: name, trust, ...(options.clock && { clock: options.clock }) })
  let served: ServedSubgraph | undefined
  return {
    async listen({ port = 0, host = '127.0.0.1' } = {}) {
      await subgraph.start()
      served = await serveSubgraph(subgraph, { host, port, open, ready, logger })
      return { url: served.url }
    },
    async close() {
      await served?.close()
      await subgraph.stop()
    },
  }
}
