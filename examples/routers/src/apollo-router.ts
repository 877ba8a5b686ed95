/** Latchkey behind Apollo Router: what its coprocessor answers at two stages, and changes nothing at the others. */
import type { ClientRequest, Exchange, Granted, Refused } from './exchange.ts'

type Lists = Readonly<Record<string, readonly string[]>>

interface Context {
  readonly entries?: Readonly<Record<string, unknown>>
}

/** What the router sends (protocol version 1). Members that `router.yaml` does not ask for are absent. */
export interface Coprocessed {
  readonly version: number
  readonly stage: string
  readonly control?: unknown
  readonly id?: string
  readonly headers?: Lists
  readonly body?: unknown
  readonly context?: Context
  readonly serviceName?: string
}

export type CoprocessorAnswer = Coprocessed

/** Where envelopes wait between the stages. The router shows its context to no client. */
const entry = 'latchkey::headers'

/** Answers one request of the router: before it plans, and before each request to a subgraph. */
export async function coprocess(sent: Coprocessed, exchange: Exchange): Promise<CoprocessorAnswer> {
  if (sent.stage === 'SupergraphRequest') return authorized(sent, await exchange(clientRequestOf(sent)))
  if (sent.stage === 'SubgraphRequest') return sealed(sent)
  return { ...sent, control: 'continue' }
}

function clientRequestOf({ headers = {}, body }: Coprocessed): ClientRequest {
  const { query, operationName, variables } = (body ?? {}) as Partial<ClientRequest>
  return {
    // A second value of a name is no value: whoever sends two credentials sends none that is good.
    header: (name) => headers[name]?.join(', '),
    address: headers['x-forwarded-for']?.join(', '),
    ...{ query, operationName: operationName ?? undefined, variables: variables ?? undefined },
  }
}

function authorized(sent: Coprocessed, answer: Granted | Refused): CoprocessorAnswer {
  const { context = {} } = sent
  if (answer.kind === 'granted')
    return {
      ...sent,
      control: 'continue',
      context: { ...context, entries: { ...context.entries, [entry]: answer.headers } },
    }
  const headers = Object.entries(answer.headers).map(([name, value]) => [name, [value]])
  return {
    ...sent,
    control: { break: answer.status },
    headers: { 'content-type': ['application/json'], ...Object.fromEntries(headers) },
    body: { errors: answer.errors },
  }
}

/** What a client sent under these names is replaced; without an envelope the subgraph is not asked. */
function sealed(sent: Coprocessed): CoprocessorAnswer {
  const granted = sent.context?.entries?.[entry] as Granted['headers'] | undefined
  const { serviceName = '' } = sent
  const headers = granted && Object.hasOwn(granted, serviceName) ? granted[serviceName] : undefined
  if (!headers) return { ...sent, control: { break: 503 }, body: { errors: [noEnvelope] } }
  const lists = Object.entries(headers).map(([name, value]) => [name, [value]])
  return { ...sent, control: 'continue', headers: { ...sent.headers, ...Object.fromEntries(lists) } }
}

const noEnvelope = { message: 'Not available just now.', extensions: { code: 'UNAVAILABLE' } }
