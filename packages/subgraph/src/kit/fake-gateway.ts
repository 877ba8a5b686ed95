/** A gateway for tests: seals whoever you like with a key of its own, shows that key, and asks your subgraph as the real one would. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Clock, systemClock } from '@latchkey/clock'
import type { Principal } from '@latchkey/principal'
import { createSealer, envelopeHeader } from '@latchkey/principal/envelope'
import { principalJwksPath, principalJwksRoute } from '@latchkey/principal/principal-jwks'

export interface FakeGatewayOptions {
  /** The name of your subgraph, as it will stand in the supergraph. */
  readonly subgraph: string
  /** For its keys; 0, or none, takes a free one. */
  readonly port?: number
  readonly clock?: Clock
}

export interface FakeGateway {
  /** For `trust: { jwksUrl }`. */
  readonly jwksUrl: string
  /** For `trust: { publicKey }`. */
  readonly publicKey: string
  /** What it seals with: for envelopes that a gateway would never make. */
  readonly privateKey: KeyObject
  /** The headers that say who asks. */
  headersFor(principal: Principal): Promise<Readonly<Record<string, string>>>
  /** Asks your subgraph, at its URL with `/graphql`. */
  ask(url: string, principal: Principal, query: string, variables?: object): Promise<SubgraphAnswer>
  close(): Promise<void>
}

export interface SubgraphAnswer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever it asked for
  readonly data?: any
  readonly errors?: readonly { readonly message: string; readonly extensions?: Readonly<Record<string, unknown>> }[]
}

export async function createFakeGateway(options: FakeGatewayOptions): Promise<FakeGateway> {
  const { subgraph, port = 0, clock = systemClock } = options
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const seal = createSealer({ issuer: 'gateway', privateKey, clock })
  const showKeys = principalJwksRoute(() => [privateKey])
  const server = createServer((request, response) => {
    if (request.url === principalJwksPath) showKeys(request, response)
    else response.writeHead(404).end()
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const { port: taken } = server.address() as AddressInfo // a TCP server that listens
  const headersFor = async (principal: Principal) => ({ [envelopeHeader]: await seal(principal, subgraph) })
  return {
    jwksUrl: `http://127.0.0.1:${taken}${principalJwksPath}`,
    publicKey: publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
    privateKey,
    headersFor,
    async ask(url, principal, query, variables = {}) {
      const headers = { 'content-type': 'application/json', ...(await headersFor(principal)) }
      const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query, variables }) })
      const text = await response.text()
      return { status: response.status, ...(text === '' ? {} : JSON.parse(text)) }
    },
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
