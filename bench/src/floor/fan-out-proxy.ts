/**
 * The floor of every distributed figure: a bare proxy that makes the gateway's hops. For each request it posts, to the
 * very subgraphs the gateway asks and with the envelopes the gateway would seal, what the gateway's plan would post: one
 * question first, two in parallel after it. It parses and merges JSON and knows nothing of GraphQL.
 */
import { createServer } from 'node:http'
import { Pool } from 'undici'
import { announce, settings } from '../announce.ts'

export interface Hop {
  readonly url: string
  readonly headers: Record<string, string>
  readonly body: string
}

/** What one request sets off. */
export interface Exchange {
  readonly first: Hop
  readonly after: readonly Hop[]
}

const exchanges = (await settings()) as Exchange[]
let turn = 0
const pools = new Map<string, Pool>()

function poolOf(origin: string): Pool {
  const known = pools.get(origin) ?? new Pool(origin, { connections: 32, pipelining: 1 })
  pools.set(origin, known)
  return known
}

async function ask({ url, headers, body }: Hop): Promise<Record<string, unknown>> {
  const { origin, pathname } = new URL(url)
  const answer = await poolOf(origin).request({ method: 'POST', path: pathname, headers, body })
  return (await answer.body.json()) as Record<string, unknown>
}

const server = createServer(async (request, response) => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  JSON.parse(Buffer.concat(chunks).toString())
  const exchange = exchanges[turn++ % exchanges.length]
  if (!exchange) throw new Error('nothing to ask')
  const { first, after } = exchange
  const users = await ask(first)
  const others = await Promise.all(after.map(ask))
  const body = JSON.stringify({ data: [users.data, ...others.map(({ data }) => data)] })
  response.writeHead(200, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
  })
  response.end(body)
})

announce(server)
