/** Somebody who receives webhooks: a real server, whose answers the test writes. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Received {
  readonly headers: IncomingMessage['headers']
  readonly body: string
  readonly id: string
}

export type AnswerWith = (response: ServerResponse, received: Received) => unknown

export const answering =
  (status: number, headers: Record<string, string> = {}, text = ''): AnswerWith =>
  (response) =>
    response.writeHead(status, headers).end(text)

export interface Receiver {
  readonly url: string
  /** Everything that came, in order. */
  readonly received: Received[]
  answer: AnswerWith
  stop(): Promise<void>
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const piece of request.setEncoding('utf8')) text += piece
  return text
}

export async function startReceiver(host = '127.0.0.1'): Promise<Receiver> {
  const server = createServer(async (request, response) => {
    const { headers } = request
    const received = { headers, body: await bodyOf(request), id: String(headers['webhook-id']) }
    receiver.received.push(received)
    receiver.answer(response, received)
  })
  server.listen(0, host)
  await once(server, 'listening')
  // Of a server that listens on a port, the address is one.
  const { port } = server.address() as AddressInfo
  const receiver: Receiver = {
    url: `http://${host}:${port}/hooks`,
    received: [],
    answer: answering(204),
    async stop() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
  return receiver
}
