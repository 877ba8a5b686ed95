/** Asks a subgraph over HTTP. The only home of undici. */
import { secondMs } from '@latchkey/clock'
import type { Principal } from '@latchkey/principal'
import { envelopeHeader, type OnBehalf } from '@latchkey/principal/envelope'
import { Problem } from '@latchkey/problem'
import { Pool } from 'undici'
import { clientHeader, withoutTokens } from './client-header.ts'
import { type Deadline, openDeadline } from './deadline.ts'
import type { SubgraphRequest, SubgraphResponse, SubgraphTransport } from './transport.ts'
import { parseAnswer, writeRequestBody } from './wire.ts'

export interface HttpTransportOptions {
  /** Its name, for the log. */
  readonly subgraph: string
  /** One per replica, with the path; asked in turn. */
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

/** Rejects with UNAVAILABLE, its detail naming subgraph and cause, when there is no GraphQL answer within the time-out. */
export function httpTransport(options: HttpTransportOptions): HttpTransport {
  const { subgraph, urls, timeoutMs = 5 * secondMs } = options
  const replicas = urls.map((url) => openReplica(url, timeoutMs))
  let turn = 0
  const next = (): Replica => {
    const replica = replicas[turn++ % replicas.length]
    if (!replica) throw new Problem('UNAVAILABLE', `${subgraph} has no url`)
    return replica
  }
  const post = async (request: SubgraphRequest, deadline: Deadline): Promise<SubgraphResponse> => {
    const letter = { headers: await headersOf(request, options), body: writeRequestBody(request), deadline }
    return postTo(next(), letter).catch((fault: unknown) => {
      // Nothing has left for the replica, so asking another one cannot do anything twice.
      if (replicas.length > 1 && neverSent(fault)) return postTo(next(), letter)
      throw fault
    })
  }
  const ask = async (request: SubgraphRequest): Promise<SubgraphResponse> => {
    const deadline = openDeadline(timeoutMs, request.signal)
    try {
      return await post(request, deadline)
    } catch (fault) {
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
  if (seal) headers[envelopeHeader] = await seal(principal, onBehalf)
  return headers
}

interface Letter {
  readonly headers: Record<string, string>
  readonly body: string
  readonly deadline: Deadline
}

/** Through `dispatch`: undici's `request` makes a stream of every answer and takes a third more time. */
function postTo({ pool, path }: Replica, { headers, body, deadline }: Letter): Promise<SubgraphResponse> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let status = 0
    deadline.onEnd(reject)
    pool.dispatch(
      { path, method: 'POST', headers, body },
      {
        // Also for a request that had to wait for its turn and is too late when that comes: it is not sent then.
        onRequestStart: (controller) => deadline.onEnd((reason) => controller.abort(reason)),
        onResponseStart: (_controller, statusCode) => {
          status = statusCode
        },
        onResponseData: (_controller, chunk) => {
          chunks.push(chunk)
        },
        onResponseEnd: () => {
          const answer = status === 401 ? null : parseAnswer(Buffer.concat(chunks).toString('utf8'))
          if (answer) resolve(answer)
          else reject(new Error(`status ${status} without a GraphQL answer`))
        },
        onResponseError: (_controller, fault) => reject(fault),
      },
    )
  })
}

const connectFaults = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

const neverSent = (fault: unknown): boolean =>
  fault instanceof Error && 'code' in fault && typeof fault.code === 'string' && connectFaults.has(fault.code)

const unavailable = (subgraph: string, fault: unknown): Problem =>
  fault instanceof Problem
    ? fault
    : new Problem(
        'UNAVAILABLE',
        `${subgraph}: ${fault instanceof Error ? fault.message : String(fault)}`,
        {},
        { cause: fault },
      )
