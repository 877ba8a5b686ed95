/** What every router does: shows Latchkey's gateway what its client sent, and puts what comes back on its requests to subgraphs. */
import type { KeyObject } from 'node:crypto'
import { systemClock } from '@latchkey/clock'
import { createSealer, envelopeHeader } from '@latchkey/principal/envelope'

export interface ExchangeOptions {
  /** Where the gateway is, without a path. */
  readonly gateway: string
  /** As `LATCHKEY_ROUTERS` names this router there, with the private half of its key. */
  readonly name: string
  readonly privateKey: KeyObject
  /** The subgraphs that ask for an envelope. */
  readonly audiences: readonly string[]
  readonly timeoutMs?: number
}

export interface ClientRequest {
  /** As the client sent it; names in lower case. */
  readonly header: (name: string) => string | undefined
  /** Where the client is, as far as this router can say. */
  readonly address: string | undefined
  readonly query: string | undefined
  readonly operationName?: string | undefined
  readonly variables?: Readonly<Record<string, unknown>> | undefined
}

export type SubgraphHeaders = Readonly<Record<string, string>>

export interface Granted {
  readonly kind: 'granted'
  /** By the name of the subgraph: what is put on each request to it. They are good for this one operation. */
  readonly headers: Readonly<Record<string, SubgraphHeaders>>
}

/** The answer for the client, as Latchkey's gateway would give it. */
export interface Refused {
  readonly kind: 'refused'
  readonly status: number
  readonly headers: SubgraphHeaders
  readonly errors: readonly RefusalError[]
}

export interface RefusalError {
  readonly message: string
  readonly extensions: Readonly<Record<string, unknown>>
}

export type Exchange = (request: ClientRequest) => Promise<Granted | Refused>

/** What of a client's request says who it is. Cookies do not: they are for pages of the gateway's own origin. */
const passedOn = ['authorization', 'x-api-key', 'origin', 'user-agent', 'accept-language', 'x-latchkey-device']
const toldBack = ['retry-after', 'www-authenticate', 'ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset']

/** Never rejects: whoever cannot ask the gateway lets nobody in. */
export function createExchange({ gateway, name, privateKey, audiences, timeoutMs = 2_000 }: ExchangeOptions): Exchange {
  const seal = createSealer({ issuer: name, privateKey, clock: systemClock })
  const self = { kind: 'service', name, scopes: [] } as const
  return async ({ header, address, query, operationName, variables }) => {
    const headers: Record<string, string> = { 'content-type': 'application/json' }
    for (const field of passedOn) {
      const value = header(field)
      if (value !== undefined) headers[field] = value
    }
    if (address !== undefined) headers['x-forwarded-for'] = address
    headers[envelopeHeader] = await seal(self, 'gateway')
    try {
      const body = JSON.stringify({ audiences, query, operationName, variables })
      const signal = AbortSignal.timeout(timeoutMs)
      return await read(await fetch(`${gateway}/principal`, { method: 'POST', headers, body, signal }))
    } catch {
      return unavailable
    }
  }
}

interface ExchangeAnswer {
  readonly principals?: Readonly<Record<string, string>>
  readonly clients?: Readonly<Record<string, string>>
  readonly errors?: readonly RefusalError[]
}

async function read(response: Response): Promise<Granted | Refused> {
  const { principals, clients = {}, errors = [] } = (await response.json()) as ExchangeAnswer
  if (response.status === 200 && principals) return { kind: 'granted', headers: headersOf(principals, clients) }
  // The fault of whoever runs this router, and no business of its clients.
  if (errors.length === 0 || errors[0]?.extensions.reason === 'ROUTER_REFUSED') return unavailable
  const told = toldBack.flatMap((field) => {
    const value = response.headers.get(field)
    return value === null ? [] : [[field, value]]
  })
  return { kind: 'refused', status: response.status, headers: Object.fromEntries(told), errors }
}

const headersOf = (principals: SubgraphHeaders, clients: SubgraphHeaders): Granted['headers'] =>
  Object.fromEntries(
    Object.entries(principals).map(([name, envelope]) => {
      const client = clients[name]
      return [name, { [envelopeHeader]: envelope, ...(client !== undefined && { 'latchkey-client': client }) }]
    }),
  )

const unavailable: Refused = {
  kind: 'refused',
  status: 503,
  headers: {},
  errors: [{ message: 'Not available just now.', extensions: { code: 'UNAVAILABLE' } }],
}
