/** May this operation run at all? Nothing is sent to any subgraph before the answer is yes. */
import type { Clock } from '@latchkey/clock'
import { mayChange, type Principal } from '@latchkey/principal'
import { Problem } from '@latchkey/problem'
import type { Footprint } from '@latchkey/subgraph/coordinates'
import type { JudgeCost } from '../cost/judge-cost.ts'
import type { View, ViewFor } from '../introspection/views.ts'
import type { KnownOperation, Operations } from '../operations.ts'
import type { Caller, GraphQLRequest } from '../pipeline.ts'
import { protocolError } from '../protocol-error.ts'
import type { Withheld } from '../withheld.ts'
import { type Asking, judgeRequirement } from './access-verdict.ts'
import type { FieldFilter } from './field-filter.ts'
import type { KeyAccess } from './key-access.ts'
import { noPolicies, type PolicyJudge } from './policies.ts'
import { refusalModeOf } from './refusal-mode.ts'

const permitted: unique symbol = Symbol('permitted')

/** Only `authorize` makes one, so an operation cannot be executed without it, nor for someone else. */
export interface PermittedOperation<Plan> {
  readonly operation: KnownOperation<Plan>
  readonly principal: Principal
  /** What they are not given of it; nothing unless said. */
  readonly withheld?: Withheld | undefined
  /** The schema as they see it, where they ask for it; all of it unless said. */
  readonly view?: View | undefined
  /** What it is reckoned to cost. */
  readonly cost: number
  readonly [permitted]: true
}

type Asked = Pick<GraphQLRequest, 'method' | 'headers' | 'query' | 'operationName' | 'variables' | 'client'>

interface AuthorizeDependencies<Plan> {
  readonly operations: Operations<Plan>
  readonly keyAccess: KeyAccess
  readonly clock: Clock
  readonly judgeCost: JudgeCost
  /** All of them say no unless given. */
  readonly policies?: PolicyJudge
  /** Withholds the fields that a caller may not ask; an operation with one is refused as a whole unless given. */
  readonly filter?: FieldFilter | undefined
  /** Everybody sees the whole schema unless given. */
  readonly viewFor?: ViewFor
  /** Told of what is refused for what it asks, or withheld. Must neither throw nor take time. */
  readonly denied?: ((operation: Footprint, asking: Asking) => void) | undefined
}

/**
 * Throws UNAUTHENTICATED (nobody is signed in and the operation needs someone, or asks for the schema), FORBIDDEN (scopes are missing, a policy says no, a key is
 * confined to something else, a person in whose place somebody only looks is to be changed, or a key is to prove who somebody is) or
 * STEP_UP_REQUIRED (their proof is too weak or too old), OPERATION_TOO_COSTLY, and whatever preparing the operation throws. Where there is a filter, what
 * scopes, policies and proofs do not permit is withheld instead, unless the client wants a refusal.
 */
export function createAuthorize<Plan>({
  operations,
  keyAccess,
  clock,
  judgeCost,
  policies: policyJudge = noPolicies,
  filter,
  viewFor = () => undefined,
  denied,
}: AuthorizeDependencies<Plan>) {
  return (request: Asked, caller: Caller): PermittedOperation<Plan> => {
    const { principal, key } = caller
    const { method, query, operationName, variables } = request
    const mode = refusalModeOf(request.headers, filter ? 'filter' : 'reject')
    if (key) keyAccess.requireBound(key, query)
    const operation = operations.prepare(query, operationName)
    if (method === 'GET' && operation.kind === 'mutation') throw notByGet(operation.kind)
    if (operation.kind === 'mutation' && !mayChange(principal))
      throw new Problem('FORBIDDEN', 'this impersonation is read-only')
    if (key) keyAccess.requireAllowed(key, operation, variables)
    const view = operation.introspection.length > 0 ? viewFor(caller) : undefined
    const { kind, name } = operation
    const policies = policyJudge(() => ({
      ...{ principal, operation: { kind, name } },
      client: { address: request.client.address },
    }))
    const asking = { principal, policies, clock, credential: key ? 'key' : 'other' } as const
    const verdict = judgeRequirement(operation.requirement, asking)
    if (verdict === true)
      return { operation, principal, view, cost: judgeCost(operation.cost, variables), [permitted]: true }
    denied?.(operation, asking)
    if (mode === 'reject' || !filter) throw verdict
    const cost = judgeCost(operation.cost, variables)
    return { operation, principal, view, cost, withheld: filter(operation, asking), [permitted]: true }
  }
}

const notByGet = (kind: string) =>
  protocolError('BAD_REQUEST', `GET requests only support query operations, not ${kind} operations`, {
    status: 405,
    headers: { allow: 'POST' },
  })
