/** A client that subscribes: one connection for each stream, and whatever comes of it. */
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import type { Credential } from './client.ts'

/** What a stream said last, and when it was over. */
export interface Told {
  // biome-ignore lint/suspicious/noExplicitAny: a story reads whatever it asked for
  readonly data?: any
  readonly errors?: readonly { readonly message: string; readonly extensions: Record<string, unknown> }[]
}

export interface OpenStream {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  /** Whatever was told, in its order. */
  readonly told: readonly Told[]
  readonly beats: number
  /** When the event `complete` came; `null`: it did not. */
  readonly completedAtMs: number | null
  /** Whether the connection is over. */
  readonly isOver: boolean
  /** The whole of an answer that is no stream. */
  readonly body: Told | null
  leave(): void
}

export interface Asked {
  readonly variables?: object
  readonly method?: 'GET' | 'POST'
  readonly accept?: string
  readonly headers?: Credential
}

/** Resolves when the stream is open or was refused. */
export async function subscribe(
  gateway: string,
  credential: Credential,
  query: string,
  { variables = {}, method = 'POST', accept = 'text/event-stream', headers = {} }: Asked = {},
): Promise<OpenStream> {
  const search = method === 'GET' ? `?${new URLSearchParams({ query, variables: JSON.stringify(variables) })}` : ''
  const sent = request(`${gateway}/graphql${search}`, {
    method,
    agent: false,
    headers: { 'content-type': 'application/json', accept, ...credential, ...headers },
  })
  sent.on('error', () => {})
  sent.end(method === 'POST' ? JSON.stringify({ query, variables }) : undefined)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  const stream = readStream(response, () => sent.destroy())
  const isEvents = response.headers['content-type']?.startsWith('text/event-stream')
  // The first beat says that it is open, or the first event that it was not for long.
  await (isEvents ? Promise.race([once(response, 'data'), once(response, 'close')]) : once(response, 'close'))
  return stream
}

function readStream(response: IncomingMessage, leave: () => void): OpenStream {
  const told: Told[] = []
  let [text, beats, isOver] = ['', 0, false]
  let completedAtMs: number | null = null
  const isEvents = response.headers['content-type']?.startsWith('text/event-stream') === true
  const read = (block: string) => {
    if (block.startsWith(':')) beats += 1
    if (block.startsWith('event: complete')) completedAtMs = performance.now()
    if (block.startsWith('event: next')) told.push(JSON.parse(block.slice(block.indexOf('data: ') + 6)))
  }
  response.setEncoding('utf8')
  response.on('data', (chunk: string) => {
    text += chunk
    for (let end = text.indexOf('\n\n'); isEvents && end >= 0; end = text.indexOf('\n\n')) {
      read(text.slice(0, end))
      text = text.slice(end + 2)
    }
  })
  response.on('error', () => {})
  response.on('close', () => {
    isOver = true
  })
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    told,
    get beats() {
      return beats
    },
    get completedAtMs() {
      return completedAtMs
    },
    get isOver() {
      return isOver
    },
    get body() {
      return isEvents ? null : (JSON.parse(text) as Told)
    },
    leave,
  }
}

/** Code and reason of the last thing that was told. */
export const endOf = ({ told }: OpenStream): string => {
  const { code, reason } = told.at(-1)?.errors?.[0]?.extensions ?? {}
  return `${code} ${reason}`
}
