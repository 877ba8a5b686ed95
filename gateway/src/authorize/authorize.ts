/** May this operation run at all? Nothing is sent to any subgraph before the answer is yes. */
import type { Clock } from '@latchkey/clock'
import { mayChange, type Principal } from '@latchkey/principal'
import { Problem } from '@latchkey/problem'
import { judgeAccess } from '@latchkey/subgraph/access-requirements'
import { judgeAssurance } from '@latchkey/subgraph/assurance'
import type { KnownOperation, Operations } from '../operations.ts'
import type { Caller, GraphQLRequest } from '../pipeline.ts'
import { protocolError } from '../protocol-error.ts'
import type { KeyAccess } from './key-access.ts'

const permitted: unique symbol = Symbol('permitted')

/** Only `authorize` makes one, so an operation cannot be executed without it, nor for someone else. */
export interface PermittedOperation<Plan> {
  readonly operation: KnownOperation<Plan>
  readonly principal: Principal
  readonly [permitted]: true
}

type Asked = Pick<GraphQLRequest, 'method' | 'query' | 'operationName' | 'variables'>

/**
 * Throws UNAUTHENTICATED (nobody is signed in and the operation needs someone), FORBIDDEN (scopes are missing, a key is confined to
 * something else, a person in whose place somebody only looks is to be changed, or a key is to prove who somebody is) or
 * STEP_UP_REQUIRED (their proof is too weak or too old), and whatever preparing the operation throws.
 */
export function createAuthorize<Plan>(operations: Operations<Plan>, clock: Clock, keyAccess: KeyAccess) {
  return ({ method, query, operationName, variables }: Asked, { principal, key }: Caller): PermittedOperation<Plan> => {
    if (key) keyAccess.requireBound(key, query)
    const operation = operations.prepare(query, operationName)
    if (method === 'GET' && operation.kind !== 'query') throw notByGet(operation.kind)
    if (operation.kind !== 'query' && !mayChange(principal))
      throw new Problem('FORBIDDEN', 'this impersonation is read-only')
    if (key) keyAccess.requireAllowed(key, operation, variables)
    const { requirement } = operation
    const verdict = judgeAccess(requirement, principal)
    if (verdict === 'unauthenticated') throw new Problem('UNAUTHENTICATED')
    if (verdict === 'forbidden')
      throw new Problem('FORBIDDEN', `needs ${JSON.stringify(requirement.scopes)}`, key && { reason: 'SCOPE_DENIED' })
    const assured = requirement.assurance === null || judgeAssurance(requirement.assurance, principal, clock)
    if (assured !== true) throw assured
    return { operation, principal, [permitted]: true }
  }
}

const notByGet = (kind: string) =>
  protocolError('BAD_REQUEST', `GET requests only support query operations, not ${kind} operations`, {
    status: 405,
    headers: { allow: 'POST' },
  })
