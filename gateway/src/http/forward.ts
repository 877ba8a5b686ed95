/** What a subgraph shows besides the graph, shown by the gateway at the same path. */
import { problems } from '@latchkey/problem'
import type { Route } from '../http.ts'

const answerWithinMs = 5_000
const passedBack = ['content-type', 'cache-control', 'content-security-policy', 'etag'] as const

/** `endpoint` is any address of the subgraph; the path is that of the request. Only reading is passed on, and no credential. */
export const forwardTo =
  (endpoint: string): Route =>
  async ({ url = '/', method, headers: { accept = '*/*' } }, response) => {
    if (method !== 'GET' && method !== 'HEAD') return void response.writeHead(405, { allow: 'GET, HEAD' }).end()
    const answer = await fetch(new URL(url, endpoint), {
      headers: { accept },
      redirect: 'manual',
      signal: AbortSignal.timeout(answerWithinMs),
    }).catch(() => null)
    if (!answer) return void response.writeHead(problems.UNAVAILABLE.status).end()
    const text = await answer.text()
    for (const name of passedBack) {
      const value = answer.headers.get(name)
      if (value !== null) response.setHeader(name, value)
    }
    response.writeHead(answer.status).end(text)
  }
