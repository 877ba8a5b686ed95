/** A subgraph as a server of its own: answers whoever brings a principal sealed for it, and nobody else. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { minuteMs, newId, secondMs, systemEntropy } from '@latchkey/clock'
import { envelopeHeader, type Opened } from '@latchkey/principal/envelope'
import { Problem, type ProblemCode, problems } from '@latchkey/problem'
import type { Logger } from '@latchkey/telemetry'
import { countOf } from '@latchkey/telemetry/metrics'
import { tracedFromThere } from '@latchkey/telemetry/traces'
import { clientOf } from './client-header.ts'
import { createHealthAnswers, type Ready } from './health/health.ts'
import { inProcessTransport } from './in-process.ts'
import { createPlaces, type Places } from './places.ts'
import { readBody } from './read-body.ts'
import { type NotTaken, notTakenHeader } from './replicas/not-taken.ts'
import type { Subgraph } from './subgraph.ts'
import type { SubgraphResponse, SubgraphTransport } from './transport.ts'
import { kindOf, parseRequestBody } from './wire.ts'

export interface ServeOptions {
  readonly host: string
  /** 0 takes a free one; the answer's `url` tells which. */
  readonly port: number
  /** Opens the header `latchkey-principal`; rejects with CREDENTIAL_REJECTED when it is not a good envelope for this subgraph. */
  readonly open: (token: string) => Promise<Opened>
  /** What else to answer, by exact path. Not guarded: for what is public, such as `/.well-known/jwks.json`. */
  readonly routes?: Readonly<Record<string, (request: IncomingMessage, response: ServerResponse) => void>>
  /** Whether everything the subgraph needs can be reached, for `/health/ready`. */
  readonly ready: Ready
  /** Who brings it is told which part is not ready; nobody is unless there is one. */
  readonly healthToken?: string | undefined
  readonly logger: Logger
  /** The largest body that is read; 1,000,000 unless said otherwise. */
  readonly bodyBytesMax?: number
  /** Operations that are worked on at once; 1,000 unless said. More are told that they are not taken; the last tenth is for changes. */
  readonly atOnceMax?: number
  /** A request must have arrived whole within this time, in milliseconds; 10,000 unless said otherwise. */
  readonly requestTimeoutMs?: number
  /** How long `close` waits for requests that are being answered, in milliseconds; 10,000 unless said otherwise. */
  readonly graceMs?: number
  /** How long it serves before that, and says that it will not, so that nobody finds it gone; not at all unless said. */
  readonly drainMs?: number
}

export interface ServedSubgraph {
  /** `http://host:port`, without a path; operations go to `/graphql`. */
  readonly url: string
  /** Says that it drains, for as long as it was told; then takes no new request, finishes those begun, closes idle connections. */
  close(): Promise<void>
}

const bodyBytesMaxByDefault = 1_000_000
const atOnceMaxByDefault = 1_000

const notTaken = countOf(
  'latchkey_subgraph_requests_not_taken_total',
  'Operations that a process of a subgraph did not take, because it worked on as many as it may.',
  ['asked'],
)

/**
 * `POST /graphql` with a JSON body and a sealed principal; without one 401 and an empty body, whatever is asked, `_service` and
 * `_entities` included. `GET /health/live`, `/health/serving` and `/health/ready` answer anyone.
 */
export async function serveSubgraph(subgraph: Subgraph, options: ServeOptions): Promise<ServedSubgraph> {
  let state: 'open' | 'draining' = 'open'
  const health = createHealthAnswers({ ...options, isDraining: () => state === 'draining', token: options.healthToken })
  const answer = answerer(workingOn(subgraph, options), options, health)
  const requestTimeout = options.requestTimeoutMs ?? 10 * secondMs
  const connectionsCheckingInterval = Math.min(requestTimeout, secondMs)
  const server = createServer(
    { keepAliveTimeout: minuteMs, headersTimeout: requestTimeout, requestTimeout, connectionsCheckingInterval },
    (request, response) => {
      // Whoever asked by this connection learns that the next request needs another, and a balancer among them where.
      if (state === 'draining') response.shouldKeepAlive = false
      answer(request, response).catch((fault: unknown) => fail(response, fault, options.logger))
    },
  )
  // Without a listener an accept that fails (too many open files) would end the process.
  server.on('error', (fault) => options.logger.error({ err: fault }, 'the server could not accept'))
  server.on('clientError', (fault: NodeJS.ErrnoException, socket) => refuseConnection(socket as Socket, fault.code))
  await listen(server, options)
  const close = async () => {
    state = 'draining'
    if (options.drainMs) await pause(options.drainMs)
    await drain(server, options.graceMs ?? 10 * secondMs)
  }
  return { url: urlOf(server.address()), close }
}

type OperationOptions = Pick<ServeOptions, 'open' | 'logger' | 'bodyBytesMax' | 'atOnceMax'>

/** What answers, and how many at once. */
interface Work {
  readonly ask: SubgraphTransport
  readonly places: Places
}

const workingOn = (subgraph: Subgraph, { atOnceMax = atOnceMaxByDefault }: OperationOptions): Work => ({
  ask: inProcessTransport(subgraph),
  places: createPlaces(atOnceMax),
})

/** The same for a server that has other things to serve: to be mounted at one path, behind which nobody comes without a principal. */
export const operationRoute = (subgraph: Subgraph, options: OperationOptions) => {
  const work = workingOn(subgraph, options)
  return (request: IncomingMessage, response: ServerResponse): Promise<void> =>
    answerOperation(request, response, work, options).catch((fault: unknown) => fail(response, fault, options.logger))
}

/** Chooses by path. */
const answerer =
  (work: Work, options: ServeOptions, health: ReturnType<typeof createHealthAnswers>) =>
  async (request: IncomingMessage, response: ServerResponse) => {
    const path = (request.url ?? '').split('?', 1)[0] ?? ''
    if (path === '/graphql') return answerOperation(request, response, work, options)
    const told = await health(path, request.headers.authorization)
    if (told) return send(response, told.status, told.words)
    const route = options.routes && Object.hasOwn(options.routes, path) ? options.routes[path] : undefined
    if (route) return route(request, response)
    return refuse(response, 404)
  }

async function answerOperation(
  request: IncomingMessage,
  response: ServerResponse,
  { ask, places }: Work,
  options: OperationOptions,
) {
  const { open, logger, bodyBytesMax = bodyBytesMaxByDefault } = options
  // Before the body is looked at, or the path's method: a stranger learns nothing and costs nothing.
  const opened = await openedOf(request, open, logger)
  if (!opened) return refuse(response, 401)
  if (request.method !== 'POST') return refuse(response, 405)
  if (!isPlainJson(request)) return refuse(response, 415)
  const body = await readBody(request, bodyBytesMax)
  if (body.outcome !== 'read') return refuse(response, body.outcome === 'tooLarge' ? 413 : 400)
  const operation = parseRequestBody(body.text)
  if (!operation) return send(response, 400, failure('BAD_USER_INPUT', 'The body is not a GraphQL request.'))
  const end = places.take(kindOf(operation))
  if (!end) return takeNothing(response, kindOf(operation))
  const requestId = requestIdOf(request)
  const client = clientOf(request.headers)
  try {
    const answer = await tracedFromThere(traceparentOf(request), served, () =>
      ask({ ...operation, ...opened, requestId, client }),
    )
    send(response, 200, answer, { 'x-request-id': requestId })
  } finally {
    end()
  }
}

const fullHeaders = { [notTakenHeader]: 'full' satisfies NotTaken, 'retry-after': '1' }

/** Nothing was done with it, so whoever asked may ask another replica, whatever it is. */
function takeNothing(response: ServerResponse, asked: 'question' | 'change'): void {
  notTaken.add({ asked })
  const { message } = problems.UNAVAILABLE
  const errors = [{ message, extensions: { code: 'UNAVAILABLE', retryAfterMs: secondMs } }]
  send(response, problems.UNAVAILABLE.status, { errors }, fullHeaders)
}

/** `null` unless there is a good envelope: whatever else happens while opening it, nobody comes in. */
async function openedOf(request: IncomingMessage, open: ServeOptions['open'], logger: Logger): Promise<Opened | null> {
  const token = request.headers[envelopeHeader]
  if (typeof token !== 'string') return null
  try {
    return await open(token)
  } catch (thrown) {
    const isRefusal = thrown instanceof Problem && thrown.code === 'CREDENTIAL_REJECTED'
    if (isRefusal) logger.warn({ detail: thrown.detail }, 'a sealed principal was refused')
    else logger.error({ err: thrown }, 'a sealed principal could not be opened')
    return null
  }
}

const isPlainJson = ({ headers }: IncomingMessage): boolean =>
  /^application\/json\s*(;|$)/i.test(headers['content-type'] ?? '') &&
  (headers['content-encoding'] ?? 'identity') === 'identity'

const served = { name: 'POST /graphql', kind: 'server' } as const

/** Of who brought a good envelope, and so one of ours. */
const traceparentOf = ({ headers: { traceparent } }: IncomingMessage): string | undefined =>
  typeof traceparent === 'string' ? traceparent : undefined

/** The caller's, when it is fit to be written into a log. */
function requestIdOf({ headers }: IncomingMessage): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(given) ? given : newId(systemEntropy, 'req')
}

const failure = (code: ProblemCode, message: string): SubgraphResponse => ({
  errors: [{ message, extensions: { code } }],
})

function send(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  const text = JSON.stringify(body)
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    ...headers,
  })
  response.end(text)
}

/** A status and nothing else. The connection ends with it, for the body that was not read is still on its way. */
function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-length': 0, 'cache-control': 'no-store', connection: 'close' })
  response.end()
}

function fail(response: ServerResponse, fault: unknown, logger: Logger): void {
  logger.error({ err: fault }, 'a request failed')
  if (response.headersSent) response.destroy()
  else send(response, 500, failure('INTERNAL', new Problem('INTERNAL').message))
}

/** What could not be read as a request: told in the words of HTTP, and no more. */
function refuseConnection(socket: Socket, code: string | undefined): void {
  const status = (code !== undefined && unreadable[code]) || '400 Bad Request'
  if (socket.writable) socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
  else socket.destroy()
}

const unreadable: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
}

const listen = (server: Server, { host, port }: ServeOptions): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.off('error', reject)
      resolve()
    })
  })

function urlOf(address: string | AddressInfo | null): string {
  if (!address || typeof address === 'string') throw new Error('The server has no address')
  return `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`
}

const sweepMs = 20

/** Ends the connections that are still at work when the grace is over. */
function drain(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    // `close` ends the connections that are idle now; those that become idle later would stay for their whole keep-alive time.
    const sweep = setInterval(() => server.closeIdleConnections(), sweepMs)
    const grace = setTimeout(() => server.closeAllConnections(), graceMs)
    server.close(() => {
      clearInterval(sweep)
      clearTimeout(grace)
      resolve()
    })
  })
}
