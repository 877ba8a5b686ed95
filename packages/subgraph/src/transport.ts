/** How one process asks a subgraph: the same question and the same answer, in process and over HTTP. */
import type { Principal } from '@latchkey/principal'
import type { EventFacts } from '@latchkey/principal/account-news'
import type { OnBehalf } from '@latchkey/principal/envelope'
import type { GraphQLFormattedError } from 'graphql'

/** Where a request came from, as the edge saw it. Trusted because it travels only beside a valid envelope. */
export interface Client {
  readonly address: string
  readonly userAgent: string
  /** The languages that it asks for (`Accept-Language`). */
  readonly languages?: string | undefined
  /** As it was sent, and nobody has looked at it yet. For Sessions only, like the next: no other subgraph is told over HTTP. */
  readonly deviceToken?: string | undefined
  /** A refresh token that came as a cookie. */
  readonly refreshToken?: string | undefined
}

/** What a stream is told: the value that the root field of a subscription resolves from (GraphQL specification 6.2.3.2). */
export interface StreamEvent {
  /** The account that it happened to. No other principal may be told. */
  readonly accountId: string
  readonly facts: EventFacts
}

export interface SubgraphRequest {
  readonly query: string
  readonly variables: Readonly<Record<string, unknown>>
  readonly operationName?: string | undefined
  readonly principal: Principal
  /** One id from the edge to the last subgraph. */
  readonly requestId: string
  readonly client?: Client | undefined
  /** What of it other subgraphs need, and whoever asks did not ask for. */
  readonly onBehalf?: OnBehalf | undefined
  readonly signal?: AbortSignal | undefined
  /** Of a subscription: the event that is to be told. A stream that begins has none. */
  readonly event?: StreamEvent | undefined
}

export interface SubgraphResponse {
  readonly data?: Record<string, unknown> | null
  readonly errors?: readonly GraphQLFormattedError[]
}

/** Rejects with a Problem (UNAVAILABLE) when the subgraph cannot be reached or answers with no GraphQL response. */
export type SubgraphTransport = (request: SubgraphRequest) => Promise<SubgraphResponse>
