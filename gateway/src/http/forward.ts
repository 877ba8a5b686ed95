/** What a subgraph shows besides the graph, shown by the gateway at the same path. */
import type { ServerResponse } from 'node:http'
import { problems } from '@latchkey/problem'
import type { Route } from '../http.ts'

const answerWithinMs = 5_000
const passedBack = ['content-type', 'cache-control', 'content-security-policy', 'etag', 'referrer-policy'] as const

/**
 * `replicas` are any addresses of the subgraph, asked in turn until one answers; the path is that of the request. Only
 * reading is passed on, and no credential.
 */
export const forwardTo =
  (replicas: readonly string[]): Route =>
  async ({ url = '/', method, headers: { accept = '*/*' } }, response) => {
    if (method !== 'GET' && method !== 'HEAD') return void response.writeHead(405, { allow: 'GET, HEAD' }).end()
    for (const replica of replicas) {
      const answer = await fetch(new URL(url, replica), {
        headers: { accept },
        redirect: 'manual',
        signal: AbortSignal.timeout(answerWithinMs),
      }).catch(() => null)
      if (answer) return passBack(answer, response)
    }
    response.writeHead(problems.UNAVAILABLE.status).end()
  }

async function passBack(answer: Response, response: ServerResponse): Promise<void> {
  const text = await answer.text()
  for (const name of passedBack) {
    const value = answer.headers.get(name)
    if (value !== null) response.setHeader(name, value)
  }
  response.writeHead(answer.status).end(text)
}
