/** Asks a subgraph over HTTP. */
import { secondMs } from '@latchkey/clock'
import type { Principal } from '@latchkey/principal'
import { envelopeHeader, type OnBehalf } from '@latchkey/principal/envelope'
import { Problem } from '@latchkey/problem'
import { traceparentNow } from '@latchkey/telemetry/traces'
import { clientHeader, withoutTokens } from './client-header.ts'
import { openDeadline } from './deadline.ts'
import { createBreaker } from './replicas/breaker.ts'
import { type Door, isBroken, isFull, type Letter, neverSent } from './replicas/door.ts'
import { openReplicas } from './replicas/replicas.ts'
import { createRetryBudget } from './replicas/retry-budget.ts'
import { isSilence } from './replicas/vigil.ts'
import type { SubgraphRequest, SubgraphResponse, SubgraphTransport } from './transport.ts'
import { type SubgraphWaits, usualWaits } from './waits.ts'
import { kindOf, writeRequestBody } from './wire.ts'

export interface HttpTransportOptions extends SubgraphWaits {
  /** Its name, for the log. */
  readonly subgraph: string
  /** Of its replicas, or a name that stands for them, with the path; each time the one with less to do of two is asked. */
  readonly urls: readonly string[]
  /** Who is asked about names; those of the machine unless said. */
  readonly nameServers?: readonly string[] | undefined
  /** Seals the principal for this subgraph. Without it none is sent, as befits a subgraph that knows nothing of Latchkey. */
  readonly seal?: (principal: Principal, onBehalf?: OnBehalf) => Promise<string>
  /** Tokens that the client sent are withheld unless this subgraph is the one that judges them. */
  readonly tokens?: 'passed on'
}

export type HttpTransport = SubgraphTransport & {
  /** Its replicas, as they are now, for what is shown besides the graph. */
  doors(): readonly Pick<Door, 'get'>[]
  close(): Promise<void>
}

/**
 * Rejects with UNAVAILABLE, its detail naming subgraph and cause, when there is no GraphQL answer within the time-out, and at once
 * while nobody there has answered for a while.
 */
export function httpTransport(options: HttpTransportOptions): HttpTransport {
  const { subgraph, urls, nameServers: servers } = options
  const { timeoutMs = usualWaits.timeoutMs, patienceMs = usualWaits.patienceMs } = options
  const replicas = openReplicas({ urls, servers, timeoutMs, patienceMs })
  const breaker = createBreaker(nowMs)
  const budget = createRetryBudget()

  const silentOnes = () => replicas.doors().filter((door) => door.isSilent())

  async function askOne(replica: Door, letter: Letter): Promise<SubgraphResponse> {
    const end = replicas.begun(replica)
    try {
      const { answer, isLeaving } = await replica.post(letter)
      end(isLeaving ? 'leaving' : 'answered')
      return answer
    } catch (fault) {
      const blame = blameFor(fault, letter)
      end(blame)
      if (blame === 'refused') replicas.missed()
      throw fault
    }
  }

  /** Whoever was never sent the request cannot have done anything; whoever may have is asked again for reading alone. */
  function mayAskAgain(fault: unknown, { isQuery, deadline }: Letter, tried: ReadonlySet<Door>): boolean {
    if (deadline.hasEnded()) return false
    if (neverSent(fault)) return tried.size < replicas.doors().length
    // By budget, though nothing was done with it: where all are full, asking each of them would make it worse.
    if (isFull(fault)) return tried.size < replicas.doors().length && budget.spend()
    if (isSilence(fault)) return isQuery && tried.size < replicas.doors().length && budget.spend()
    return isQuery && isBroken(fault) && budget.spend()
  }

  async function post(letter: Letter): Promise<SubgraphResponse> {
    const tried = new Set(silentOnes())
    for (;;) {
      const replica = replicas.next(tried, letter.isQuery ? 'question' : 'change')
      if (!replica) throw new Problem('UNAVAILABLE', `${subgraph}: ${replicas.fault()}`)
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
    const silent = silentOnes().length
    if (silent > 0 && silent === replicas.doors().length) throw restsNow(subgraph, silentForMs)
    budget.earn()
    const deadline = openDeadline(timeoutMs, request.signal)
    try {
      const headers = await headersOf(request, options)
      const answer = await post({
        headers,
        body: writeRequestBody(request),
        deadline,
        isQuery: kindOf(request) === 'question',
      })
      breaker.answered()
      return answer
    } catch (fault) {
      // After silence signs are asked for all the while: nobody else has to find out.
      if (isFull(fault)) breaker.answered()
      else if (!request.signal?.aborted && !isSilence(fault)) breaker.failed()
      throw unavailable(subgraph, fault)
    } finally {
      deadline.clear()
    }
  }
  return Object.assign(ask, {
    ...{ doors: replicas.doors, close: replicas.close },
  })
}

const nowMs = () => performance.now()

/** When it makes sense to ask again while there is no sign of life. */
const silentForMs = 250

const restsNow = (subgraph: string, closedForMs: number): Problem =>
  new Problem('UNAVAILABLE', `${subgraph}: nobody there has answered lately`, { retryAfterMs: Math.ceil(closedForMs) })

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

/** That a caller has left is nobody's fault; that a replica let it wait until its time was over is. */
function blameFor(fault: unknown, { deadline }: Letter): 'answered' | 'failed' | 'refused' | 'abandoned' {
  if (deadline.isAbandoned()) return 'abandoned'
  if (isFull(fault)) return 'answered'
  return neverSent(fault) ? 'refused' : 'failed'
}

const unavailable = (subgraph: string, fault: unknown): Problem =>
  fault instanceof Problem
    ? fault
    : new Problem(
        'UNAVAILABLE',
        `${subgraph}: ${fault instanceof Error ? fault.message : String(fault)}`,
        isFull(fault) ? { retryAfterMs: secondMs } : {},
        { cause: fault },
      )
