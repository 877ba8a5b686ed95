/** `POST /principal`: for the routers in front of our subgraphs, and for nobody else. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '@latchkey/clock'
import type { Sealer } from '@latchkey/principal/envelope'
import type { TrustedServices } from '@latchkey/principal/trusted-services'
import type { Client } from '@latchkey/subgraph/transport'
import type { WrittenAnswer } from '../http/apollo-server.ts'
import { createLeftSignals } from '../http/left-signals.ts'
import { parseBody, readBody, requireJson } from '../http/request-body.ts'
import type { Route } from '../http.ts'
import type { Shedding } from '../overload/shed.ts'
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
  readonly shedding: Pick<Shedding, 'begin' | 'refuse'>
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
  const { shedding } = dependencies
  const requireRouter = createRouterCheck(routers, clock)
  const signalFor = createLeftSignals()
  const send = createSender(dependencies)

  const refuseTooMuch = (request: IncomingMessage, response: ServerResponse): void =>
    shedding.refuse(request.socket, (tooMuch, then) => {
      if (then === 'close') response.shouldKeepAlive = false
      send(response, tooMuch)
    })

  async function answer(request: IncomingMessage, response: ServerResponse, body: unknown): Promise<void> {
    const { headers } = request
    await requireRouter(headers)
    if (isCookieMode(headers)) throw noCookies()
    const served = graph()
    const asked = readExchangeRequest(body, served.audiences)
    const exchange = createExchange({ steps: stepsOver(served), seal, witness: witnessOver(served) })
    const sent = { headers, requestId: requestIdOf(response), client: clientOf(request), signal: signalFor(request) }
    send(response, written(await exchange(asked, sent)))
  }

  return async (request, response) => {
    if (request.method !== 'POST') throw onlyPost()
    requireJson(request.headers)
    const body = parseBody(await readBody(request, bodyBytesMax))
    // Before the router's signature is looked at: that takes longer than to refuse.
    const end = shedding.begin(body, () => clientOf(request).address, 'exchange')
    if (!end) return refuseTooMuch(request, response)
    try {
      await answer(request, response, body)
    } finally {
      end()
    }
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

const written = ({ status, headers, result }: Answer): WrittenAnswer => ({
  status,
  headers,
  body: result.errors ? writeResult(result) : JSON.stringify(result.data),
})

function createSender({ standing }: Pick<ExchangeRouteDependencies, 'standing'>) {
  return (response: ServerResponse, { status, headers, body }: WrittenAnswer): void => {
    const fields = [...standing.json, 'x-request-id', requestIdOf(response)]
    fields.push('content-type', json, 'content-length', String(Buffer.byteLength(body)))
    for (const [name, value] of Object.entries(headers)) fields.push(name, value)
    response.writeHead(status, fields).end(body)
  }
}
