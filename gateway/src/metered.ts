/** What the gateway counts of its requests. */
import type { Principal } from '@latchkey/principal'
import { type KeyRefusal, keyRefusals } from '@latchkey/principal/key-refusal'
import { boundedNames, countOf, timingOf } from '@latchkey/telemetry/metrics'
import type { Pipeline, Recall, Steps } from './pipeline.ts'
import type { Answer } from './respond/respond.ts'

const requests = countOf(
  'latchkey_requests_total',
  'GraphQL requests, by operation and by what came of them: OK, or the code of the first error.',
  ['operation', 'outcome'],
)
const durations = timingOf('latchkey_request_duration_seconds', 'How long GraphQL requests took, by operation.', [
  'operation',
])
const callers = countOf(
  'latchkey_callers_total',
  'Who asked: anonymous, user, apiKey or service; refused when their credential was no good.',
  ['caller'],
)

const keyRequests = countOf(
  'latchkey_key_requests_total',
  'Requests with a key: VALID, or why the key was refused, or OTHER where it was refused for what was asked.',
  ['outcome'],
)

const operationsMax = 200
const nameOf = boundedNames(operationsMax)
/** The closed list of codes, and GraphQL's own; a subgraph of another team may have more. */
const outcomeOf = boundedNames(60)

const outcomeIn = ({ result: { errors } }: Answer): string => String(errors?.[0]?.extensions?.code ?? 'OK')

/** Every other outcome of a request that its key does not decide. */
type KeyOutcome = 'VALID' | 'OTHER' | KeyRefusal

function keyOutcomeIn({ status, result: { errors } }: Answer): KeyOutcome {
  if (status === 200) return 'VALID'
  const reason = String(errors?.[0]?.extensions?.reason)
  return isKeyRefusal(reason) ? reason : 'OTHER'
}

const isKeyRefusal = (reason: string): reason is KeyRefusal => Object.hasOwn(keyRefusals, reason)

/** A request that was refused before it was looked at: counted, not timed, and under nobody's name. */
export const countShed = (): void => requests.add({ operation: 'anonymous', outcome: 'UNAVAILABLE' })

/** The same pipeline, counted. Operations that nobody named are `anonymous`. */
export const meteredPipeline =
  (pipeline: Pipeline): Pipeline =>
  async (request) => {
    const startedMs = performance.now()
    const answer = await pipeline(request)
    const operation = nameOf(request.operationName ?? 'anonymous')
    requests.add({ operation, outcome: outcomeOf(outcomeIn(answer)) })
    durations.observe({ operation }, (performance.now() - startedMs) / 1_000)
    if (request.headers['x-api-key'] !== undefined) keyRequests.add({ outcome: keyOutcomeIn(answer) })
    return answer
  }

type Authenticate = Steps<never>['authenticate']

/** The same authentication, counted. */
export const meteredAuthenticate =
  (authenticate: Authenticate): Authenticate =>
  async (headers, client, presented) => {
    // Whoever is only looked at again has asked nothing.
    if (presented === 'before') return authenticate(headers, client, presented)
    let caller: Principal['kind'] | 'refused' = 'refused'
    try {
      const found = await authenticate(headers, client)
      caller = found.principal.kind
      return found
    } finally {
      callers.add({ caller })
    }
  }

/** The same recollection: who is confirmed is counted as one who asked. */
export const meteredRecall =
  (recall: Recall): Recall =>
  (headers, client) => {
    const recalled = recall(headers, client)
    if (!recalled) return null
    const { caller, key, proviso } = recalled
    const confirmed = () => {
      callers.add({ caller: caller.principal.kind })
      recalled.confirmed()
    }
    return { caller, key, proviso, confirmed }
  }
