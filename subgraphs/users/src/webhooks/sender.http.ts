/** Sends a webhook by HTTP, bounded in time and in what is read back. The only home of outgoing requests to addresses that people write. */
import { type ClientRequest, type IncomingMessage, request as plainRequest } from 'node:http'
import { request as tlsRequest } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { secondMs } from '@latchkey/clock'
import type { Answer } from './attempt.ts'
import type { Destinations } from './destination.ts'

export interface OutgoingWebhook {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface WebhookSender {
  /** Never rejects: whatever goes wrong is an answer. */
  send(webhook: OutgoingWebhook): Promise<Answer>
}

export interface SenderDependencies {
  readonly destinations: Destinations
  /** For all of a try, looking up the name included. Ten seconds unless set. */
  readonly timeoutMs?: number | undefined
}

/** Of an answer that is no good, so much is read and kept. */
const textMax = 200
/** And nobody waits longer for it once the status is known. */
const textWaitMs = secondMs

const unanswered = (failure: Extract<Answer, { kind: 'unanswered' }>['failure']): Answer => ({
  kind: 'unanswered',
  failure,
})

/** Connects to the addresses that were judged, and asks nobody again: a name may lead elsewhere by now. */
const pinnedTo =
  (addresses: readonly string[]): LookupFunction =>
  (_name, options, callback) => {
    const found = addresses.map((address) => ({ address, family: isIP(address) }))
    const [first] = found
    if (options.all) callback(null, found)
    else callback(null, first?.address ?? '', first?.family)
  }

/** Codes of OpenSSL and Node for certificates that are not to be trusted. */
const isOfCertificate = (code: string): boolean =>
  /CERT|SELF_SIGNED|UNABLE_TO_(?:GET|VERIFY)|^ERR_TLS|ALTNAME/.test(code)

function failureOf(error: unknown, signal: AbortSignal): Answer {
  if (signal.aborted) return unanswered('TIMED_OUT')
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code.startsWith('HPE_')) return unanswered('NO_HTTP')
  return unanswered(isOfCertificate(code) ? 'CERTIFICATE' : 'UNREACHABLE')
}

/** The beginning of a body, as printable ASCII. */
function textOf(response: IncomingMessage): Promise<string> {
  return new Promise((resolve) => {
    const pieces: Buffer[] = []
    let length = 0
    const finish = () => {
      clearTimeout(timer)
      resolve(
        Buffer.concat(pieces)
          .toString('latin1')
          .slice(0, textMax)
          .replaceAll(/[^ -~]/g, '.'),
      )
    }
    const timer = setTimeout(finish, textWaitMs)
    response.on('data', (piece: Buffer) => {
      pieces.push(piece)
      length += piece.length
      if (length >= textMax) finish()
    })
    response.once('close', finish)
  })
}

const responseTo = (outgoing: ClientRequest, body: string): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    outgoing.once('response', resolve)
    outgoing.on('error', reject)
    outgoing.end(body)
  })

async function answerOf(response: IncomingMessage): Promise<Answer> {
  response.on('error', () => {}) // it is cut off below, whatever it has left to say
  const status = response.statusCode ?? 0
  const text = status >= 200 && status < 300 ? '' : await textOf(response)
  return { kind: 'answered', status, retryAfter: response.headers['retry-after'], text }
}

export function createWebhookSender({ destinations, timeoutMs = 10 * secondMs }: SenderDependencies): WebhookSender {
  function connect({ url, headers, body }: OutgoingWebhook, addresses: readonly string[], signal: AbortSignal) {
    const request = url.protocol === 'http:' ? plainRequest : tlsRequest
    return request(url, {
      ...{ method: 'POST', lookup: pinnedTo(addresses), signal, agent: false, maxHeaderSize: 16_384 },
      ...{ rejectUnauthorized: true, insecureHTTPParser: false },
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
    })
  }

  return {
    async send(webhook) {
      const signal = AbortSignal.timeout(timeoutMs)
      const late = new Promise<'late'>((resolve) => signal.addEventListener('abort', () => resolve('late')))
      const destination = await Promise.race([destinations.of(webhook.url), late])
      if (destination === 'late') return unanswered('TIMED_OUT')
      if (destination.outcome === 'closed') return unanswered('ADDRESS_REFUSED')
      if (destination.outcome === 'unknown') return unanswered('UNREACHABLE')
      const outgoing = connect(webhook, destination.addresses, signal)
      try {
        return await answerOf(await responseTo(outgoing, webhook.body))
      } catch (error) {
        return failureOf(error, signal)
      } finally {
        outgoing.destroy()
      }
    },
  }
}
