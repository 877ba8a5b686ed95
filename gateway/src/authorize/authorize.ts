/** May this operation run at all? Nothing is sent to any subgraph before the answer is yes. */
import type { Principal } from '@latchkey/principal'
import { Problem } from '@latchkey/problem'
import type { KnownOperation, Operations } from '../operations.ts'
import type { GraphQLRequest } from '../pipeline.ts'
import { protocolError } from '../protocol-error.ts'
import { judgeAccess } from './access-requirements.ts'

const permitted: unique symbol = Symbol('permitted')

/** Only `authorize` makes one, so an operation cannot be executed without it, nor for someone else. */
export interface PermittedOperation<Plan> {
  readonly operation: KnownOperation<Plan>
  readonly principal: Principal
  readonly [permitted]: true
}

/**
 * Throws UNAUTHENTICATED (nobody is signed in and the operation needs someone) or FORBIDDEN (scopes are missing), and
 * whatever preparing the operation throws.
 */
export function createAuthorize<Plan>(operations: Operations<Plan>) {
  return (
    { method, query, operationName }: Pick<GraphQLRequest, 'method' | 'query' | 'operationName'>,
    principal: Principal,
  ): PermittedOperation<Plan> => {
    const operation = operations.prepare(query, operationName)
    if (method === 'GET' && operation.kind !== 'query') throw notByGet(operation.kind)
    const verdict = judgeAccess(operation.requirement, principal)
    if (verdict === 'unauthenticated') throw new Problem('UNAUTHENTICATED')
    if (verdict === 'forbidden') throw new Problem('FORBIDDEN', `needs ${JSON.stringify(operation.requirement.scopes)}`)
    return { operation, principal, [permitted]: true }
  }
}

const notByGet = (kind: string) =>
  protocolError('BAD_REQUEST', `GET requests only support query operations, not ${kind} operations`, {
    status: 405,
    headers: { allow: 'POST' },
  })
