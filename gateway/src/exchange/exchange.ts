/** A client's credential for sealed principals: what a router of another make needs to ask our subgraphs. Token exchange after RFC 8693. */
import { type Principal, scopesOf } from '@latchkey/principal'
import type { Sealer } from '@latchkey/principal/envelope'
import { badInput } from '@latchkey/problem'
import { clientHeaderText, withoutTokens } from '@latchkey/subgraph/client-header'
import { decodeJwt } from 'jose'
import { refusalModeHeader } from '../authorize/refusal-mode.ts'
import type { PreparedOperation } from '../execute/engine.ts'
import { type Caller, createPipeline, type GraphQLRequest, type Steps, type Witness } from '../pipeline.ts'
import type { Answer } from '../respond/respond.ts'
import type { ExchangeRequest } from './exchange-request.ts'

/** The steps of any request, up to the one that would ask the subgraphs. */
export type ExchangeSteps = Omit<Steps<PreparedOperation>, 'execute' | 'inTurn'>

export interface ExchangeDependencies {
  readonly steps: ExchangeSteps
  readonly seal: Sealer
  readonly witness: Witness
}

/** The request as http gives it, without what is in its body. */
export type Sent = Omit<GraphQLRequest, 'method' | 'query' | 'operationName' | 'variables'>

/** Never rejects. The answer's data is what was granted; a refusal is what `/graphql` would answer. */
export type Exchange = (asked: ExchangeRequest, request: Sent) => Promise<Answer>

/** Stands for an operation that the router does not tell: it asks nothing, so nothing is refused but who may ask nothing. */
const untold = { query: '{ __typename }', operationName: undefined, variables: {} }

const jwt = 'urn:ietf:params:oauth:token-type:jwt'

/** One for each graph that is served. */
export function createExchange({ steps, seal, witness }: ExchangeDependencies): Exchange {
  return ({ audiences, operation }, request) => {
    const pipeline = createPipeline<PreparedOperation>(
      {
        ...steps,
        authorize(asked, caller) {
          if (!operation) requireNoConfinement(caller)
          return steps.authorize(asked, caller)
        },
        inTurn: (_operation, _request, work) => work(),
        execute: async ({ principal }) => ({ data: await grant(principal) }),
      },
      witness,
    )
    const sealed = async (name: string, principal: Principal) => [name, await seal(principal, name)] as const
    async function grant(principal: Principal) {
      const principals = await Promise.all(audiences.map((name) => sealed(name, principal)))
      const clients = audiences.map((name) => [
        name,
        clientHeaderText(name === 'sessions' ? request.client : withoutTokens(request.client)),
      ])
      return {
        issued_token_type: jwt,
        principals: Object.fromEntries(principals),
        clients: Object.fromEntries(clients),
        expiresAt: firstEnd(principals.map(([, envelope]) => envelope)),
        authenticated: principal.kind !== 'anonymous',
        scopes: scopesOf(principal),
      }
    }
    // A router can withhold nothing from an answer: the operation is permitted whole or not at all.
    const headers = { ...request.headers, [refusalModeHeader]: 'reject' }
    return pipeline({ ...request, headers, method: 'POST', ...(operation ?? untold) })
  }
}

/** What only the gateway can judge, and only by what is asked. */
function requireNoConfinement({ key }: Caller): void {
  const { access, operations, persistedOperations, rateLimits = [] } = key?.confinement ?? {}
  if (access || operations || persistedOperations || rateLimits.some(({ unit }) => unit === 'cost'))
    throw badInput({ query: 'must be the operation: this key is confined by what it asks' })
}

const firstEnd = (envelopes: readonly string[]): string =>
  new Date(Math.min(...envelopes.map((envelope) => decodeJwt(envelope).exp ?? 0)) * 1_000).toISOString()
