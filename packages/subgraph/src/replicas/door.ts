/** One replica, and the connections to it. The only home of undici. */
import { isIPv6 } from 'node:net'
import { Pool } from 'undici'
import type { Deadline } from '../deadline.ts'
import type { SubgraphResponse } from '../transport.ts'
import { parseAnswer } from '../wire.ts'
import { type NotTaken, notTakenHeader } from './not-taken.ts'
import type { Place } from './place.ts'
import { createVigil, type Vigil } from './vigil.ts'

export interface Letter {
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

/** What is shown besides the graph. */
export interface Shown {
  readonly status: number
  /** Of one that was sent several times, the first. */
  header(name: string): string | undefined
  readonly body: string
}

export interface Door {
  /** Rejects as soon as it gives no sign of life (`isSilence`). */
  post(letter: Letter): Promise<Posted>
  /** Whether it gives no sign of life. */
  isSilent(): boolean
  /** Another path of the same replica, which is told its own name as `Host` or the one given. Rejects when there is no answer within the time. */
  get(
    path: string,
    asked: { readonly accept?: string; readonly host?: string | undefined; readonly withinMs: number },
  ): Promise<Shown>
  /** Resolves once all that was sent is answered. */
  close(): Promise<void>
}

/** An answer of more bytes than this is refused. */
const answerBytesMax = 8_000_000
const connectionsMax = 256

export interface DoorTerms {
  /** For making a connection, in milliseconds. */
  readonly timeoutMs: number
  /** For a sign of life. */
  readonly patienceMs: number
}

export function openDoor({ url, address }: Place, { timeoutMs, patienceMs }: DoorTerms): Door {
  const { origin, pathname, search } = new URL(url)
  const pool = new Pool(origin, {
    connections: connectionsMax,
    connect: { timeout: timeoutMs, ...(address !== undefined && { lookup: leadingTo(address) }) },
    // The deadline is one for the whole of a request; two more timers for its parts would say nothing new.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxResponseSize: answerBytesMax,
  })
  const path = `${pathname}${search}`
  const vigil = createVigil({ patienceMs, askForSign: (signal) => askForSign(pool, path, signal) })
  return {
    post: (letter) => postTo({ pool, path, vigil }, letter),
    isSilent: vigil.isSilent,
    async get(path, { accept = '*/*', host, withinMs }) {
      const signal = AbortSignal.timeout(withinMs)
      const asking = { accept, ...(host !== undefined && { host }) }
      const { statusCode, headers, body } = await pool.request({ path, method: 'GET', headers: asking, signal })
      const header = (name: string) => [headers[name]].flat()[0]
      return { status: statusCode, header, body: await body.text() }
    },
    close() {
      vigil.end()
      return pool.close()
    },
  }
}

type Looked = (fault: null, found: string | readonly { address: string; family: number }[], family?: number) => void

/** The name stays what it was, for TLS and for the Host header; where it leads is known already. */
function leadingTo(address: string) {
  const family = isIPv6(address) ? 6 : 4
  return (_name: string, { all }: { all?: boolean | undefined }, done: Looked): void =>
    all ? done(null, [{ address, family }]) : done(null, address, family)
}

/** The connection went before an answer began. */
const broken = 'the connection broke'
/** It was answered that nothing was done with it. */
const notTaken = 'it is not taken yet'
const full = 'it works on as much as it can'
const isFullAnswer = (said: unknown): boolean => said === ('full' satisfies NotTaken)

interface Way {
  readonly pool: Pool
  readonly path: string
  readonly vigil: Vigil
}

/** Through `dispatch`: undici's `request` makes a stream of every answer and takes a third more time. */
function postTo({ pool, path, vigil }: Way, { headers, body, deadline }: Letter): Promise<Posted> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let status = 0
    let isLeaving = false
    let refusal: string | null = null
    const { stop, onStop } = stoppable((reason) => lose(reason))
    const waitIsOver = vigil.begun(stop)
    const lose = (reason: unknown) => {
      waitIsOver()
      reject(reason)
    }
    deadline.onEnd(stop)
    pool.dispatch(
      { path, method: 'POST', headers, body },
      {
        // Also for a request that had to wait for its turn and is too late when that comes: it is not sent then.
        onRequestStart: (controller) => onStop((reason) => controller.abort(reason)),
        onResponseStart: (_controller, statusCode, answered) => {
          vigil.heard()
          status = statusCode
          isLeaving = answered.connection === 'close'
          const said = statusCode === 503 ? answered[notTakenHeader] : undefined
          if (said !== undefined) refusal = isFullAnswer(said) ? full : notTaken
        },
        onResponseData: (_controller, chunk) => {
          vigil.heard()
          chunks.push(chunk)
        },
        onResponseEnd: () => {
          if (refusal) return lose(new Error(refusal))
          const answer = status === 401 ? null : parseAnswer(Buffer.concat(chunks).toString('utf8'))
          if (!answer) return lose(new Error(`status ${status} without a GraphQL answer`))
          waitIsOver()
          resolve({ answer, isLeaving })
        },
        onResponseError: (_controller, fault) =>
          lose(status === 0 && lostConnection(fault) ? new Error(`${broken}: ${fault.message}`) : fault),
      },
    )
  })
}

/** `lose` at once, and whatever is under way, as soon as it can be ended. */
function stoppable(lose: (reason: Error) => void) {
  let stopped: Error | null = null
  let end = (_reason: Error) => {}
  return {
    stop(reason: Error) {
      stopped = reason
      lose(reason)
      end(reason)
    },
    onStop(next: (reason: Error) => void) {
      end = next
      if (stopped) next(stopped)
    },
  }
}

/** Whatever is answered is a sign, and a HEAD is work for nobody. */
async function askForSign(pool: Pool, path: string, signal: AbortSignal): Promise<unknown> {
  const { body } = await pool.request({ path, method: 'HEAD', signal })
  return body.dump()
}

/** The connection went before an answer began: whether anything was done is not known. */
export const isBroken = (fault: unknown): boolean => fault instanceof Error && fault.message.startsWith(broken)

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

/** It is there, and has more to do than it can. */
export const isFull = (fault: unknown): boolean => fault instanceof Error && fault.message === full

/** Or sent in vain. */
export const neverSent = (fault: unknown): boolean =>
  connectFaults.has(codeOf(fault) ?? '') || (fault instanceof Error && fault.message === notTaken)
