/** `POST /principal`: for the routers in front of our subgraphs, and for nobody else. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '@latchkey/clock'
import type { Sealer } from '@latchkey/principal/envelope'
import type { TrustedServices } from '@latchkey/principal/trusted-services'
import type { Client } from '@latchkey/subgraph/transport'
import { parseBody, readBody, requireJson } from '../http/request-body.ts'
import type { Route } from '../http.ts'
import type { RequestHeaders, Witness } from '../pipeline.ts'
import { protocolError } from '../protocol-error.ts'
import type { StandingHeaders } from '../respond/headers.ts'
import { json } from '../respond/media-type.ts'
import { type Answer, writeResult } from '../respond/respond.ts'
import type { Graph } from '../supergraph/graph.ts'
import { createExchange, type ExchangeSteps } from './exchange.ts'
import { readExchangeRequest } from './exchange-request.ts'
import { createRouterCheck } from './routers.ts'

export const exchangePath = '/principal'

/** The routers that credentials are exchanged for, and what seals for them. */
export interface Exchanging {
  readonly routers: TrustedServices
  readonly seal: Sealer
}

export interface ExchangeRouteDependencies extends Exchanging {
  /** The one that is served now. */
  readonly graph: () => Graph
  readonly stepsOver: (graph: Graph) => ExchangeSteps
  readonly witnessOver: (graph: Graph) => Witness
  /** Whether a request comes with the cookies of a session, or asks for them. */
  readonly isCookieMode: (headers: RequestHeaders) => boolean
  readonly clientOf: (request: IncomingMessage) => Client
  readonly bodyBytesMax: number
  readonly standing: StandingHeaders
  readonly clock: Clock
}

export function createExchangeRoute(dependencies: ExchangeRouteDependencies): Route {
  const { routers, seal, graph, stepsOver, witnessOver, isCookieMode, clientOf, bodyBytesMax, clock } = dependencies
  const requireRouter = createRouterCheck(routers, clock)
  const send = createSender(dependencies)
  return async (request, response) => {
    const { method, headers } = request
    if (method !== 'POST') throw onlyPost()
    await requireRouter(headers)
    requireJson(headers)
    if (isCookieMode(headers)) throw noCookies()
    const body = parseBody(await readBody(request, bodyBytesMax))
    const served = graph()
    const asked = readExchangeRequest(body, served.audiences)
    const exchange = createExchange({ steps: stepsOver(served), seal, witness: witnessOver(served) })
    const sent = { headers, requestId: requestIdOf(response), client: clientOf(request), signal: signalOf(response) }
    send(response, await exchange(asked, sent))
  }
}

/** As http.ts set it. */
const requestIdOf = (response: ServerResponse): string => String(response.getHeader('x-request-id'))

const onlyPost = () =>
  protocolError('BAD_REQUEST', 'Credentials are exchanged by POST.', { status: 405, headers: { allow: 'POST' } })

// A cookie counts by what the browser says of the page, and its answer changes it: neither passes through a router.
const noCookies = () =>
  protocolError(
    'BAD_REQUEST',
    'The cookies of a session are for this gateway alone: routers pass on Authorization or x-api-key.',
  )

function signalOf(response: ServerResponse): AbortSignal {
  const controller = new AbortController()
  response.once('close', () => controller.abort())
  return controller.signal
}

function createSender({ standing }: Pick<ExchangeRouteDependencies, 'standing'>) {
  return (response: ServerResponse, { status, headers, result }: Answer): void => {
    const text = result.errors ? writeResult(result) : JSON.stringify(result.data)
    const fields = [...standing.json, 'x-request-id', requestIdOf(response)]
    fields.push('content-type', json, 'content-length', String(Buffer.byteLength(text)))
    for (const [name, value] of Object.entries(headers)) fields.push(name, value)
    response.writeHead(status, fields).end(text)
  }
}
