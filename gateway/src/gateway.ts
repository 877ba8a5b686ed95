/** The public face: a gateway over one supergraph. */
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { Problem } from '@latchkey/problem'
import type { Subgraph } from '@latchkey/subgraph'
import { inProcessTransport } from '@latchkey/subgraph/in-process'
import type { SubgraphTransport } from '@latchkey/subgraph/transport'
import { writeMetrics } from '@latchkey/telemetry/metrics'
import { createAuthenticate } from './authenticate/authenticate.ts'
import { createCookieRecogniser } from './authenticate/session-cookie.ts'
import { defaultLimits } from './authorize/operation-limits.ts'
import { createAfford } from './cost/afford.ts'
import { usualCostTerms } from './cost/judge-cost.ts'
import { tellingCost } from './cost/tell-cost.ts'
import type { GatewayDependencies } from './dependencies.ts'
import { createExchangeRoute, exchangePath } from './exchange/route.ts'
import type { PreparedOperation } from './execute/engine.ts'
import { createPlanning } from './execute/planning/planning.ts'
import { readSubgraphs, type SubgraphAddress } from './execute/supergraph.ts'
import { createTurnstile } from './execute/turnstile.ts'
import type { Explanation } from './explain/explain.ts'
import type { ExplainInput } from './explain/question.ts'
import { createExplainService, type OperatorsView } from './explain/service.ts'
import { createOwnSubgraph, ownSubgraphName } from './explain/subgraph.ts'
import { createHopLines } from './hop-line.ts'
import { createHostCheck } from './http/allowed-hosts.ts'
import { createApolloFront } from './http/apollo-server.ts'
import { createClientReader } from './http/client.ts'
import { createClientAddresses } from './http/client-address.ts'
import { createCrossOrigin, sandboxOrigin } from './http/cross-site.ts'
import { createRequestIds } from './http/request-ids.ts'
import { createFront, type Route } from './http.ts'
import { countShed, meteredAuthenticate, meteredPipeline, meteredRecall } from './metered.ts'
import { createShedding, notShedding } from './overload/shed.ts'
import { openPersisted } from './persisted/persisted.ts'
import { createPipeline, type Pipeline, type Steps, type Witness } from './pipeline.ts'
import { standingHeaders } from './respond/headers.ts'
import { type Answer, createRespond } from './respond/respond.ts'
import { createSessionCookies } from './session-cookies.ts'
import { createBalances } from './spend/balance.ts'
import { createKeyUseTeller } from './streams/key-uses.ts'
import { createStreams, forOneAnswer } from './streams/streams.ts'
import { createGraph, type Graph, type ServedSupergraph } from './supergraph/graph.ts'
import { createSuccession, type TakeOver } from './supergraph/succession.ts'
import { tracedPipeline, tracedSteps, tracedTransports, tracedWitness } from './traced.ts'
import { createUsageRecorder } from './usage/recorder.ts'
import { createWitness } from './usage/witness.ts'

export { type AccessTokenDependencies, createAccessTokenRecogniser } from './authenticate/access-token.ts'
export { createApiKeyRecogniser } from './authenticate/api-key.ts'
export type { Recogniser } from './authenticate/authenticate.ts'
export { createForeignKeyIds } from './authenticate/foreign-keys.ts'
export { createKeyErrands } from './authenticate/key-errands.ts'
export { createKeyRenewal } from './authenticate/key-renewal.ts'
export { createApiKeyRecall } from './authenticate/recalled-key.ts'
export { createRecordLoaders } from './authenticate/record-loaders.ts'
export { defaultLimits, type OperationLimits } from './authorize/operation-limits.ts'
export type { Policies, Policy, PolicyQuestion } from './authorize/policies.ts'
export type { AffordTerms } from './cost/afford.ts'
export type { CostTerms } from './cost/judge-cost.ts'
export type { GatewayDependencies } from './dependencies.ts'
export type { SubgraphAddress } from './execute/supergraph.ts'
export type { Explanation } from './explain/explain.ts'
export { graph } from './explain/subgraph.ts'
export type { TrustedProxies } from './http/client-address.ts'
export type { Route } from './http.ts'
export type { PersistedTerms } from './persisted/persisted.ts'
export { type StreamLimits, usualStreamLimits } from './streams/places.ts'
export { followSupergraph } from './supergraph/follow-supergraph.ts'
export { createForeignSubgraphs } from './supergraph/foreign-subgraphs.ts'
export { openSupergraph, type SupergraphOrigin } from './supergraph/open-supergraph.ts'

export interface Gateway {
  /** Starts to serve; port 0 takes a free one. Rejects when the address is taken. */
  listen(address: { readonly host: string; readonly port: number }): Promise<{ readonly url: string }>
  /**
   * Prepares another supergraph while this one is served; requests under way keep the one they began with. One call after the other.
   * Rejects with an Error when it cannot be served.
   */
  prepare(next: ServedSupergraph): Promise<TakeOver>
  /** Its own subgraph, which is about the graph itself. */
  readonly subgraph: Subgraph
  /** What an operator asks: over the graph that is served, or over another. */
  explain(input: ExplainInput, terms: OperatorsTerms): Promise<Explanation>
  /** Drains, for as long as it was told; then takes no new connection and ends when the requests under way are answered, after 10 seconds at the latest. */
  close(): Promise<void>
}

export interface OperatorsTerms extends Pick<OperatorsView, 'roles'> {
  /** Another supergraph than the one that is served. */
  readonly supergraphSdl?: string | undefined
}

/** The subgraphs a supergraph names, each with the address it was composed with, save the gateway's own. */
export const readSubgraphUrls = (supergraphSdl: string): readonly SubgraphAddress[] =>
  readSubgraphs(supergraphSdl).filter(({ name }) => name !== ownSubgraphName)

const closeWithinMs = 10_000

/** In production they have a port of their own: see `serveMetrics`. */
const answerMetrics: Route = async (_request, response) => {
  const { contentType, text } = await writeMetrics()
  response.writeHead(200, { 'content-type': contentType, 'cache-control': 'no-store' }).end(text)
}

/** Of the changes that arrive at once. Each asks stores that reads ask too. */
const turnsOfChanges = { perTurn: 4, waitingMax: 1_000 }
/** Of the events that are to be told at once. */
const turnsOfEvents = { perTurn: 4, waitingMax: 20_000 }

const unserved = (supergraphSdl: string): ServedSupergraph => ({
  supergraphSdl,
  transports: Object.fromEntries(readSubgraphUrls(supergraphSdl).map(({ name }) => [name, nowhere])),
})

const nowhere: SubgraphTransport = async () => {
  throw new Problem('UNAVAILABLE', 'this graph is not served')
}

const withSetCookie = (answer: Answer, cookies: readonly string[] | undefined): Answer =>
  cookies && cookies.length > 0 ? { ...answer, cookies } : answer

/** @throws Error when the supergraph is none, lacks a transport, or carries a directive for security that is not enforced. */
export function createGateway(dependencies: GatewayDependencies): Gateway {
  const { recognisers, logger, clock, publicUrl } = dependencies
  const inDevelopment = dependencies.mode === 'development'
  const limits = { ...defaultLimits, ...dependencies.limits }
  const { policies = {}, authorization = 'reject', cost = usualCostTerms } = dependencies
  const schemaDetails = inDevelopment ? 'open' : 'closed'
  const persisted = openPersisted(dependencies.persisted ?? { level: 'off', file: '' }, { ...limits, logger })
  const { introspection = inDevelopment ? 'open' : 'filtered' } = dependencies
  const { planning = createPlanning({ clock, logger }) } = dependencies
  const closePlanning = dependencies.planning ? () => {} : planning.close
  const judging = { limits, cost, clock, schemaDetails, introspection, policies, logger, authorization } as const
  const graphTerms = { ...judging, planning }
  // By name: what is handed over may hold more, limits without their defaults among it.
  const graphOf = ({ supergraphSdl, transports: others }: ServedSupergraph): Graph => {
    const transports = tracedTransports({ ...others, [ownSubgraphName]: inProcessTransport(subgraph) })
    return createGraph({ ...graphTerms, supergraphSdl, transports })
  }
  const explaining = createExplainService(
    { ...dependencies, ...dependencies.explaining, refusalOf: persisted.refusalOf },
    () => succession.current.reading,
  )
  const subgraph = createOwnSubgraph(explaining, logger)
  const isPlain = inDevelopment && publicUrl.startsWith('http:')
  const cookies = createSessionCookies({ names: isPlain ? 'loopback' : 'host', clock })
  const { accessTokenIn } = cookies
  const cookieRecogniser = createCookieRecogniser({ accessTokenIn, recognise: createAuthenticate(recognisers) })
  const { respond, refuse } = createRespond(logger)
  const turnstile = createTurnstile(turnsOfChanges)
  const refuseRequest: Steps<never>['refuse'] = (thrown, request) =>
    withSetCookie(refuse(thrown, request), cookies.afterRefusal(thrown))
  const authenticate = meteredAuthenticate(createAuthenticate([...recognisers, cookieRecogniser]))
  const balanceOf = createBalances(dependencies.budgets)
  const { recallKey } = dependencies
  const recall = recallKey && dependencies.budgets.spendIf ? meteredRecall(recallKey) : undefined
  const affording = dependencies.affords && { afford: createAfford(dependencies.affords) }
  const stepsOver = ({ authorize, run }: Graph): Steps<PreparedOperation> => ({
    ...{ authenticate, ...affording, balanceOf },
    authorize: persisted.guard((request, caller) => forOneAnswer(authorize(request, caller))),
    inTurn: ({ operation: { kind } }, { signal }, work) => (kind === 'query' ? work() : turnstile(work, signal)),
    execute(
      { operation: { plan, kind }, principal, withheld, view },
      { headers, variables, requestId, client, signal },
      asked,
    ) {
      if (kind === 'query') return run(plan, { variables, principal, requestId, client, signal, asked, withheld, view })
      // A change that has begun is finished, whether or not the client waits for it.
      const change = { variables, principal, requestId, client, asked, withheld }
      return cookies.isMode(headers)
        ? cookies.carry(headers, change, (carried) => run(plan, carried))
        : run(plan, change)
    },
    respond: (result, request) => withSetCookie(respond(result, request), result.cookies),
    refuse: refuseRequest,
  })
  const recorder = dependencies.usage && createUsageRecorder({ ...dependencies, stream: dependencies.usage })
  const keyUses = createKeyUseTeller(dependencies)
  const withHopLines = createHopLines(logger)
  const witnessOver = (graph: Graph): Witness => withHopLines(tracedWitness(usageWitnessOver(graph)))
  const usageWitnessOver = ({ operations }: Graph): Witness => {
    if (!recorder) return keyUses.witness
    const recording = createWitness({
      record: recorder.record,
      find: (query, operationName) => operations.find(query, operationName)?.inUsage(),
      clock,
    })
    return (...seen) => {
      recording(...seen)
      keyUses.witness(...seen)
    }
  }
  const telling = tellingCost<PreparedOperation>({ max: cost.max, audience: inDevelopment ? 'everybody' : 'the known' })
  const pipelineOver = (graph: Graph): Pipeline => {
    const steps = stepsOver(graph)
    return createPipeline(tracedSteps({ ...steps, recall, execute: telling(steps.execute) }), witnessOver(graph))
  }
  const succession = createSuccession(graphOf(dependencies), pipelineOver)
  const shedding =
    dependencies.overload === 'shed'
      ? createShedding({ find: (...asked) => succession.current.operations.find(...asked), onShed: countShed })
      : notShedding
  const pipeline = tracedPipeline(meteredPipeline(succession.pipeline))
  const streams = createStreams({
    steps: { authenticate, ...affording, balanceOf, respond, refuse: refuseRequest },
    ...{ news: dependencies.news, limits: dependencies.streams, clock },
    inTurn: createTurnstile(turnsOfEvents),
    graph: () => ({ run: succession.current.run, authorize: persisted.guard(succession.current.authorize) }),
    witness: (...seen) => witnessOver(succession.current)(...seen),
  })
  const apollo = createApolloFront({
    pipeline,
    sandboxFor: inDevelopment ? publicUrl : null,
    logger,
  })
  let state: 'open' | 'closing' = 'open'
  const addresses = createClientAddresses(dependencies.trustedProxies ?? { kind: 'none' })
  const standing = standingHeaders(inDevelopment ? 'any' : 'https')
  const { exchanging } = dependencies
  const exchangeRoute =
    exchanging &&
    createExchangeRoute({
      ...{ ...exchanging, clock, standing, shedding, witnessOver, isCookieMode: cookies.isMode },
      graph: () => succession.current,
      // Cookies are left out: they count by what a browser says of its page.
      stepsOver: (graph) => ({
        ...stepsOver(graph),
        authenticate: meteredAuthenticate(createAuthenticate(recognisers)),
      }),
      ...{ clientOf: createClientReader(addresses), bodyBytesMax: limits.bodyBytesMax },
    })
  const server = createFront({
    pipeline,
    shedding,
    streams,
    apollo,
    persisted,
    isPrepared: (query, operationName) => succession.current.operations.find(query, operationName) !== undefined,
    shortLane: dependencies.shortLane ?? 'on',
    refuse: refuseRequest,
    bodyBytesMax: limits.bodyBytesMax,
    standing,
    isHostAllowed: inDevelopment ? createHostCheck(publicUrl) : () => true,
    crossOrigin: createCrossOrigin({
      own: new URL(publicUrl).origin,
      trusted: dependencies.origins ?? [],
      readers: inDevelopment ? [sandboxOrigin] : [],
    }),
    isCookieMode: cookies.isMode,
    addresses,
    requestIds: createRequestIds(dependencies.entropy),
    routes: {
      ...{ ...(inDevelopment && { '/metrics': answerMetrics }), ...dependencies.routes },
      ...(exchangeRoute && { [exchangePath]: exchangeRoute }),
    },
    isClosing: () => state === 'closing',
    ready: dependencies.ready ?? (async () => true),
    healthToken: dependencies.healthToken,
    logger,
  })

  return {
    async listen({ host, port }) {
      await Promise.all([apollo.start(), succession.current.open()])
      persisted.start(succession.current.operations.prepare)
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen({ host, port }, resolve)
      })
      const { port: taken } = server.address() as AddressInfo // a TCP server that listens
      return { url: `http://${host.includes(':') ? `[${host}]` : host}:${taken}` }
    },
    subgraph,
    explain: (input, { roles, supergraphSdl }) =>
      explaining.explainTo(input, {
        roles,
        reading: supergraphSdl === undefined ? succession.current.reading : graphOf(unserved(supergraphSdl)).reading,
      }),
    async prepare(next) {
      const graph = graphOf(next)
      await graph.open()
      const takeOver = await succession.prepare(graph)
      return () => {
        void persisted.prepareFor(graph.operations.prepare)
        return takeOver()
      }
    },
    async close() {
      state = 'closing'
      persisted.close()
      shedding.close()
      if (!server.listening) return closePlanning()
      if (dependencies.drainMs) await pause(dependencies.drainMs)
      const ended = new Promise<void>((resolve) => server.close(() => resolve()))
      streams.close()
      keyUses.close()
      const deadline = setTimeout(() => server.closeAllConnections(), closeWithinMs)
      await ended
      clearTimeout(deadline)
      await apollo.stop()
      closePlanning()
      await recorder?.close()
    },
  }
}
