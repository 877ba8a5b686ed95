/** What a subgraph shows besides the graph, shown by the gateway at the same path. */
import type { ServerResponse } from 'node:http'
import { problems } from '@latchkey/problem'
import type { HttpTransport } from '@latchkey/subgraph/over-http'
import type { Route } from '../http.ts'

/** The replicas of a subgraph, as they are now. */
export type Doors = HttpTransport['doors']
type Shown = Awaited<ReturnType<ReturnType<Doors>[number]['get']>>

const answerWithinMs = 5_000
const passedBack = ['content-type', 'cache-control', 'content-security-policy', 'etag', 'referrer-policy'] as const

/** Asked in turn until one answers; the path is that of the request. Only reading is passed on, and no credential. */
export const forwardTo =
  (doors: Doors): Route =>
  async ({ url = '/', method, headers: { accept = '*/*', host: asked } }, response) => {
    if (method !== 'GET' && method !== 'HEAD') return void response.writeHead(405, { allow: 'GET, HEAD' }).end()
    // Pages of development are shown to a loopback `Host` alone, and only the client says which one was meant.
    const host = url.startsWith('/dev/') ? asked : undefined
    for (const door of doors()) {
      const shown = await door.get(url, { accept, host, withinMs: answerWithinMs }).catch(() => null)
      if (shown) return passBack(shown, response)
    }
    response.writeHead(problems.UNAVAILABLE.status).end()
  }

function passBack({ status, header, body }: Shown, response: ServerResponse): void {
  for (const name of passedBack) {
    const value = header(name)
    if (value !== undefined) response.setHeader(name, value)
  }
  response.writeHead(status).end(body)
}
