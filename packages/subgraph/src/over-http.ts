/** Asks a subgraph over HTTP. The only home of undici. */
import { secondMs } from '@latchkey/clock'
import type { Principal } from '@latchkey/principal'
import { envelopeHeader, type OnBehalf } from '@latchkey/principal/envelope'
import { Problem } from '@latchkey/problem'
import { traceparentNow } from '@latchkey/telemetry/traces'
import { Pool } from 'undici'
import { clientHeader, withoutTokens } from './client-header.ts'
import { type Deadline, openDeadline } from './deadline.ts'
import { createBreaker } from './replicas/breaker.ts'
import { createReplicaChoice } from './replicas/choice.ts'
import { notTakenHeader } from './replicas/not-taken.ts'
import { createRetryBudget } from './replicas/retry-budget.ts'
import type { SubgraphRequest, SubgraphResponse, SubgraphTransport } from './transport.ts'
import { parseAnswer, writeRequestBody } from './wire.ts'

export interface HttpTransportOptions {
  /** Its name, for the log. */
  readonly subgraph: string
  /** One per replica, with the path; each time the one with less to do of two is asked. */
  readonly urls: readonly string[]
  /** Seals the principal for this subgraph. Without it none is sent, as befits a subgraph that knows nothing of Latchkey. */
  readonly seal?: (principal: Principal, onBehalf?: OnBehalf) => Promise<string>
  /** For the whole of a request, connecting included, in milliseconds; 5,000 unless said otherwise. */
  readonly timeoutMs?: number
  /** Tokens that the client sent are withheld unless this subgraph is the one that judges them. */
  readonly tokens?: 'passed on'
}

export type HttpTransport = SubgraphTransport & { close(): Promise<void> }

/** An answer of more bytes than this is refused. */
const answerBytesMax = 8_000_000
const connectionsMax = 256

interface Replica {
  readonly path: string
  readonly pool: Pool
}

/**
 * Rejects with UNAVAILABLE, its detail naming subgraph and cause, when there is no GraphQL answer within the time-out, and at once
 * while nobody there has answered for a while.
 */
export function httpTransport(options: HttpTransportOptions): HttpTransport {
  const { subgraph, urls, timeoutMs = 5 * secondMs } = options
  const replicas = urls.map((url) => openReplica(url, timeoutMs))
  const choice = createReplicaChoice<Replica>({ nowMs, random: Math.random })
  choice.replace(replicas)
  const breaker = createBreaker(nowMs)
  const budget = createRetryBudget()

  async function askOne(replica: Replica, letter: Letter): Promise<SubgraphResponse> {
    const end = choice.begun(replica)
    try {
      const { answer, isLeaving } = await postTo(replica, letter)
      end(isLeaving ? 'leaving' : 'answered')
      return answer
    } catch (fault) {
      end(blameFor(fault, letter))
      throw fault
    }
  }

  /** Whoever was never sent the request cannot have done anything; whoever may have is asked again for reading alone. */
  function mayAskAgain(fault: unknown, { isQuery, deadline }: Letter, tried: ReadonlySet<Replica>): boolean {
    if (deadline.hasEnded()) return false
    if (neverSent(fault)) return tried.size < replicas.length
    return isQuery && isBroken(fault) && budget.spend()
  }

  async function post(letter: Letter): Promise<SubgraphResponse> {
    const tried = new Set<Replica>()
    for (;;) {
      const replica = choice.next(tried, letter.isQuery ? 'question' : 'change')
      if (!replica) throw new Problem('UNAVAILABLE', `${subgraph} has no url`)
      tried.add(replica)
      try {
        return await askOne(replica, letter)
      } catch (fault) {
        if (!mayAskAgain(fault, letter, tried)) throw fault
      }
    }
  }

  const ask = async (request: SubgraphRequest): Promise<SubgraphResponse> => {
    const closedForMs = breaker.closedForMs()
    if (closedForMs > 0) throw restsNow(subgraph, closedForMs)
    budget.earn()
    const deadline = openDeadline(timeoutMs, request.signal)
    try {
      const headers = await headersOf(request, options)
      const answer = await post({ headers, body: writeRequestBody(request), deadline, isQuery: isQuery(request) })
      breaker.answered()
      return answer
    } catch (fault) {
      if (!request.signal?.aborted) breaker.failed()
      throw unavailable(subgraph, fault)
    } finally {
      deadline.clear()
    }
  }
  return Object.assign(ask, {
    close: async () => {
      await Promise.all(replicas.map(({ pool }) => pool.close()))
    },
  })
}

const nowMs = () => performance.now()

/** Operations are written by a planner, or by us: what changes something, or is a stream, begins with its word. */
const isQuery = ({ query }: SubgraphRequest): boolean => /^\s*(?:query\b|\{)/.test(query)

const restsNow = (subgraph: string, closedForMs: number): Problem =>
  new Problem('UNAVAILABLE', `${subgraph}: nobody there has answered lately`, { retryAfterMs: Math.ceil(closedForMs) })

function openReplica(url: string, timeoutMs: number): Replica {
  const { origin, pathname, search } = new URL(url)
  const pool = new Pool(origin, {
    connections: connectionsMax,
    connect: { timeout: timeoutMs },
    // The deadline is one for the whole of a request; two more timers for its parts would say nothing new.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxResponseSize: answerBytesMax,
  })
  return { path: `${pathname}${search}`, pool }
}

async function headersOf(
  { principal, requestId, client, onBehalf }: SubgraphRequest,
  { seal, tokens }: HttpTransportOptions,
): Promise<Record<string, string>> {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    accept: 'application/graphql-response+json, application/json',
    'x-request-id': requestId,
    ...clientHeader(tokens === 'passed on' || !client ? client : withoutTokens(client)),
  }
  const traceparent = traceparentNow()
  if (traceparent) headers.traceparent = traceparent
  if (seal) headers[envelopeHeader] = await seal(principal, onBehalf)
  return headers
}

interface Letter {
  readonly headers: Record<string, string>
  readonly body: string
  readonly deadline: Deadline
  readonly isQuery: boolean
}

interface Posted {
  readonly answer: SubgraphResponse
  /** The replica will take no more by this connection: it drains. */
  readonly isLeaving: boolean
}

/** The connection went before an answer began. */
const broken = 'the connection broke'
/** It was answered that nothing was done with it. */
const notTaken = 'it is not taken yet'

/** Through `dispatch`: undici's `request` makes a stream of every answer and takes a third more time. */
function postTo({ pool, path }: Replica, { headers, body, deadline }: Letter): Promise<Posted> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let status = 0
    let isLeaving = false
    let isTaken = true
    deadline.onEnd(reject)
    pool.dispatch(
      { path, method: 'POST', headers, body },
      {
        // Also for a request that had to wait for its turn and is too late when that comes: it is not sent then.
        onRequestStart: (controller) => deadline.onEnd((reason) => controller.abort(reason)),
        onResponseStart: (_controller, statusCode, answered) => {
          status = statusCode
          isLeaving = answered.connection === 'close'
          isTaken = statusCode !== 503 || answered[notTakenHeader] === undefined
        },
        onResponseData: (_controller, chunk) => {
          chunks.push(chunk)
        },
        onResponseEnd: () => {
          if (!isTaken) return reject(new Error(notTaken))
          const answer = status === 401 ? null : parseAnswer(Buffer.concat(chunks).toString('utf8'))
          if (answer) resolve({ answer, isLeaving })
          else reject(new Error(`status ${status} without a GraphQL answer`))
        },
        onResponseError: (_controller, fault) =>
          reject(status === 0 && lostConnection(fault) ? new Error(`${broken}: ${fault.message}`) : fault),
      },
    )
  })
}

const isBroken = (fault: unknown): boolean => fault instanceof Error && fault.message.startsWith(broken)

/** That a caller has left is nobody's fault; that a replica let it wait until its time was over is. */
function blameFor(fault: unknown, { deadline }: Letter): 'failed' | 'refused' | 'abandoned' {
  if (deadline.isAbandoned()) return 'abandoned'
  return neverSent(fault) ? 'refused' : 'failed'
}

const codeOf = (fault: unknown): string | undefined =>
  fault instanceof Error && 'code' in fault && typeof fault.code === 'string' ? fault.code : undefined

const lostConnection = (fault: unknown): boolean =>
  ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'].includes(codeOf(fault) ?? '')

const connectFaults = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

/** Or sent in vain. */
const neverSent = (fault: unknown): boolean =>
  connectFaults.has(codeOf(fault) ?? '') || (fault instanceof Error && fault.message === notTaken)

const unavailable = (subgraph: string, fault: unknown): Problem =>
  fault instanceof Problem
    ? fault
    : new Problem(
        'UNAVAILABLE',
        `${subgraph}: ${fault instanceof Error ? fault.message : String(fault)}`,
        {},
        { cause: fault },
      )
