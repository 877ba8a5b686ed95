/** Node's HTTP ↔ the pipeline. Nothing else knows them. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createHealthAnswers, type Ready } from '@latchkey/subgraph/health'
import type { Logger } from '@latchkey/telemetry'
import type { ApolloFront, Envelope, WrittenAnswer } from './http/apollo-server.ts'
import { createClientReader } from './http/client.ts'
import type { ClientAddresses } from './http/client-address.ts'
import { type createCrossOrigin, refuseForgery } from './http/cross-site.ts'
import { createEventAnswerer } from './http/events.ts'
import { createLeftSignals } from './http/left-signals.ts'
import { membersOf, type Operation, operationIn, readOperation } from './http/operation.ts'
import { parseBody, readBody, requireJson } from './http/request-body.ts'
import type { RequestIds } from './http/request-ids.ts'
import { pathOf, searchOf } from './http/target.ts'
import type { Shedding } from './overload/shed.ts'
import { type AskedById, readAskedById, readAskedByIdInSearch } from './persisted/asked-by-id.ts'
import type { PersistedOperations } from './persisted/levels.ts'
import type { GraphQLRequest, Pipeline, RequestHeaders, Steps } from './pipeline.ts'
import { protocolError } from './protocol-error.ts'
import type { StandingHeaders } from './respond/headers.ts'
import { createNegotiator, json, type MediaType, takesEvents, wantsPage } from './respond/media-type.ts'
import { type Answer, writeResult } from './respond/respond.ts'
import type { Streams } from './streams/streams.ts'

/** Serves one path besides GraphQL. It writes the whole answer. */
export type Route = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>

export interface FrontDependencies {
  readonly pipeline: Pipeline
  readonly shedding: Pick<Shedding, 'begin' | 'refuse'>
  readonly streams: Pick<Streams, 'open'>
  readonly apollo: ApolloFront
  /** Whether an operation is prepared already, so that it may take the short lane. */
  readonly isPrepared: (query: string, operationName: string | undefined) => boolean
  /** What ids stand for. */
  readonly persisted: PersistedOperations
  /** `off`: everything goes through Apollo Server. Both give the same answers. */
  readonly shortLane: 'on' | 'off'
  readonly refuse: Steps<never>['refuse']
  readonly bodyBytesMax: number
  readonly standing: StandingHeaders
  readonly isHostAllowed: (host: string | undefined) => boolean
  readonly crossOrigin: ReturnType<typeof createCrossOrigin>
  /** Whether a request comes with the cookies of a session, or asks for them. */
  readonly isCookieMode: (headers: RequestHeaders) => boolean
  readonly addresses: ClientAddresses
  readonly requestIds: RequestIds
  /** By exact path. */
  readonly routes: Readonly<Record<string, Route>>
  readonly ready: Ready
  /** Who brings it is told which part is not ready. */
  readonly healthToken?: string | undefined
  /** While it is, nothing more is promised to a connection. */
  readonly isClosing: () => boolean
  readonly logger: Logger
}

/** One exchange: what is known of it before anything is read. */
export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly requestId: string
}

const graphqlPath = '/graphql'

/** Bounds on how slowly a client may send, and on what it may send (slowloris; ASVS 4.2). */
const serverOptions = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 5_000,
  maxHeaderSize: 16 * 1024,
  // A second Authorization header must not be passed over in silence: joined, it is a bad credential.
  joinDuplicateHeaders: true,
}

export function createFront(dependencies: FrontDependencies): Server {
  const { isHostAllowed, addresses, requestIds, refuse, logger } = dependencies
  const answerGraphQL = createGraphQLHandler(dependencies)
  const answerOther = createOtherHandler(dependencies)
  const send = createSender(dependencies)

  async function handle(exchange: Exchange): Promise<void> {
    const { request, requestId } = exchange
    try {
      if (!isHostAllowed(request.headers.host)) throw wrongHost()
      const path = pathOf(request)
      await (path === graphqlPath ? answerGraphQL(exchange) : answerOther(exchange, path))
    } catch (thrown) {
      if (request.destroyed && !request.complete) return // the client left while it was still sending
      send(exchange, write(refuse(thrown, { requestId })), json)
    }
  }

  const server = createServer(serverOptions, (request, response) => {
    const isOurs = addresses.isProxy(request.socket.remoteAddress)
    // A stranger neither decides what is traced nor is found in anybody's trace.
    if (!isOurs && request.headers.traceparent !== undefined) delete request.headers.traceparent
    const requestId = isOurs ? requestIds.adopt(request.headers['x-request-id']) : requestIds.next()
    handle({ request, response, requestId }).catch((error: unknown) => {
      logger.error({ err: error, requestId }, 'an answer could not be written')
      response.destroy()
    })
  })
  // Past a count Node drops headers in silence, a credential among them; maxHeaderSize bounds them all the same.
  server.maxHeadersCount = 0
  return server
}

const wrongHost = () =>
  protocolError('BAD_REQUEST', 'This server is for development and does not answer to that host name.', { status: 403 })

function createGraphQLHandler(dependencies: FrontDependencies) {
  const { pipeline, apollo, isPrepared, persisted, shortLane, bodyBytesMax, crossOrigin, addresses, isCookieMode } =
    dependencies
  const { shedding } = dependencies
  const negotiate = createNegotiator()
  const signalFor = createLeftSignals()
  const send = createSender(dependencies)
  const sendPage = createPageSender(dependencies)
  const answerByEvents = createEventAnswerer({ ...dependencies, send })

  const clientOf = createClientReader(addresses)
  const envelopeOf = ({ request, requestId }: Exchange): Envelope => ({
    method: request.method === 'POST' ? 'POST' : 'GET',
    headers: request.headers,
    requestId,
    client: clientOf(request),
    signal: signalFor(request),
  })

  // Field by field: V8 takes longer to spread two objects into one than for all the rest of a request in this file.
  const requestOf = ({ request, requestId }: Exchange, operation: Operation): GraphQLRequest => ({
    method: request.method === 'POST' ? 'POST' : 'GET',
    headers: request.headers,
    query: operation.query,
    operationName: operation.operationName,
    variables: operation.variables,
    requestId,
    client: clientOf(request),
    signal: signalFor(request),
  })

  /** The operation that may take the short lane: prepared, and asked by a well-formed POST. The rest is Apollo Server's. */
  const forShortLane = (body: unknown): Operation | null => {
    const operation = shortLane === 'on' ? readOperation(body) : null
    return operation && isPrepared(operation.query, operation.operationName) ? operation : null
  }

  /** `null`: it has no text, and is none of ours to answer by events. */
  const forEvents = (exchange: Exchange, body: unknown, byId: AskedById | null): GraphQLRequest | null => {
    const operation = readOperation(byId?.body ?? body ?? operationIn(searchOf(exchange.request)))
    return operation && asked(requestOf(exchange, operation), byId)
  }

  async function answer(exchange: Exchange, { body, byId, mediaType, streamed }: Read): Promise<void> {
    if (streamed && (await answerByEvents(exchange, forEvents(exchange, body, byId), mediaType))) return
    const operation = byId ? readOperation(byId.body) : forShortLane(body)
    const written = operation
      ? write(await pipeline(asked(requestOf(exchange, operation), byId)))
      : await apollo.ask({
          envelope: envelopeOf(exchange),
          search: searchOf(exchange.request),
          body: byId?.body ?? body,
        })
    send(exchange, written, mediaType ?? json)
  }

  const refuseTooMuch = (exchange: Exchange, mediaType: MediaType): void =>
    shedding.refuse(exchange.request.socket, (tooMuch, then) => {
      if (then === 'close') exchange.response.shouldKeepAlive = false
      send(exchange, tooMuch, mediaType)
    })

  return async (exchange: Exchange): Promise<void> => {
    const { request } = exchange
    const { headers, method } = request
    if (method === 'OPTIONS') return send(exchange, preflight(crossOrigin.preflightFor(headers)), null)
    if (method !== 'POST' && method !== 'GET' && method !== 'HEAD') throw wrongMethod()
    if (method !== 'POST' && wantsPage(headers.accept) && (await sendPage(exchange))) return
    const mediaType = negotiate(headers.accept)
    const streamed = method !== 'HEAD' && takesEvents(headers.accept)
    if (!mediaType && !streamed) throw notAcceptable()
    refuseForgery(headers)
    if (isCookieMode(headers)) crossOrigin.refuseForeignPage(headers)
    if (method === 'POST') requireJson(headers)
    const body = method === 'POST' ? parseBody(await readBody(request, bodyBytesMax)) : undefined
    const byId =
      method === 'POST' ? readAskedById(body, persisted) : readAskedByIdInSearch(searchOf(request), persisted)
    const end = shedding.begin(byId?.body ?? body ?? membersOf(searchOf(request)), () => clientOf(request).address)
    if (!end) return refuseTooMuch(exchange, mediaType ?? json)
    try {
      await answer(exchange, { body, byId, mediaType, streamed })
    } finally {
      end()
    }
  }
}

/** A request as far as it was read. */
interface Read {
  readonly body: unknown
  readonly byId: AskedById | null
  readonly mediaType: MediaType | null
  readonly streamed: boolean
}

const asked = (request: GraphQLRequest, byId: AskedById | null): GraphQLRequest =>
  byId ? { ...request, documentId: byId.documentId } : request

const preflight = (headers: Readonly<Record<string, string>>): WrittenAnswer => ({
  status: 204,
  headers: { allow: 'GET, HEAD, POST, OPTIONS', ...headers },
  body: '',
})

const wrongMethod = () =>
  protocolError('BAD_REQUEST', 'GraphQL is asked by GET and POST.', {
    status: 405,
    headers: { allow: 'GET, HEAD, POST, OPTIONS' },
  })

const notAcceptable = () =>
  protocolError('BAD_REQUEST', 'The answer is application/json or application/graphql-response+json.', { status: 406 })

const write = ({ status, headers, result, cookies }: Answer): WrittenAnswer => ({
  status,
  headers,
  body: writeResult(result),
  ...(cookies && { cookies }),
})

/** `mediaType` is `null` for an answer without a body. */
function createSender({ standing, crossOrigin, isClosing }: FrontDependencies) {
  return ({ request, response, requestId }: Exchange, answer: WrittenAnswer, mediaType: MediaType | null): void => {
    const fields = [...standing.json, 'x-request-id', requestId]
    if (mediaType) fields.push('content-type', mediaType, 'content-length', String(Buffer.byteLength(answer.body)))
    for (const name of Object.keys(answer.headers)) fields.push(name, answer.headers[name] ?? '')
    for (const cookie of answer.cookies ?? []) fields.push('set-cookie', cookie)
    if (mediaType && request.headers.origin !== undefined)
      for (const [name, value] of Object.entries(crossOrigin.headersFor(request.headers))) fields.push(name, value)
    // What is left of a body that was refused is not worth reading.
    if (isClosing() || hasMoreToCome(request)) response.shouldKeepAlive = false
    response.writeHead(answer.status, fields)
    response.end(answer.body)
  }
}

// A request without a body is complete a moment after it is handed over.
const hasMoreToCome = ({ complete, headers }: IncomingMessage): boolean =>
  !complete && (headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined)

/** Sandbox, for a browser in development. False where there is no page to show. */
function createPageSender({ apollo, standing }: Pick<FrontDependencies, 'apollo' | 'standing'>) {
  return async ({ response, requestId }: Exchange): Promise<boolean> => {
    const page = await apollo.page()
    if (page === null) return false
    const length = String(Buffer.byteLength(page))
    const fields = ['content-type', 'text/html; charset=utf-8', 'content-length', length, 'x-request-id', requestId]
    response.writeHead(200, [...standing.page, ...fields])
    response.end(page)
    return true
  }
}

function createOtherHandler(dependencies: FrontDependencies) {
  const { routes, ready, isClosing, healthToken: token } = dependencies
  const send = createSender(dependencies)
  const health = createHealthAnswers({ ready, isDraining: isClosing, token })
  const say = (exchange: Exchange, status: number, words: Readonly<Record<string, unknown>>) =>
    send(exchange, { status, headers: {}, body: JSON.stringify(words) }, json)
  return async (exchange: Exchange, path: string): Promise<void> => {
    const { request, response, requestId } = exchange
    const route = Object.hasOwn(routes, path) ? routes[path] : undefined
    if (route) {
      response.shouldKeepAlive = !isClosing()
      response.setHeader('x-request-id', requestId)
      response.setHeader('x-content-type-options', 'nosniff')
      response.setHeader('referrer-policy', 'no-referrer')
      return route(request, response)
    }
    if (!path.startsWith('/health/')) return say(exchange, 404, nothingHere)
    if (request.method !== 'GET' && request.method !== 'HEAD') throw onlyRead()
    const told = await health(path, request.headers.authorization)
    say(exchange, told?.status ?? 404, told?.words ?? nothingHere)
  }
}

const nothingHere = { error: `There is nothing here. GraphQL is at ${graphqlPath}.` }

const onlyRead = () =>
  protocolError('BAD_REQUEST', 'This is read by GET.', { status: 405, headers: { allow: 'GET, HEAD' } })
