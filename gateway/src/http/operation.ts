/** The operation in a request, where it leaves nothing to Apollo Server. */
import type { GraphQLRequest } from '../pipeline.ts'
import { isRecord, parseBody } from './request-body.ts'

const isAbsent = (value: unknown): value is undefined | null => value === undefined || value === null

export type Operation = Pick<GraphQLRequest, 'query' | 'operationName' | 'variables'>

/** The operation of a body that leaves nothing to Apollo Server; `null` otherwise. */
export function readOperation(body: unknown): Operation | null {
  if (!isRecord(body)) return null
  const { query, operationName, variables, extensions } = body
  if (typeof query !== 'string' || query === '') return null
  if (!isAbsent(operationName) && typeof operationName !== 'string') return null
  if (!isAbsent(variables) && !isRecord(variables)) return null
  if (!isAbsent(extensions) && (!isRecord(extensions) || extensions.persistedQuery)) return null
  return { query, operationName: operationName || undefined, variables: variables ?? {} }
}

/** The members of a GET, as they are written. */
export const membersOf = (search: string): Record<string, string> => Object.fromEntries(new URLSearchParams(search))

/** The members of a GET, as those of a body. */
export function operationIn(search: string): Record<string, unknown> {
  const members = membersOf(search)
  const parsed = (name: 'variables' | 'extensions') => (members[name] ? { [name]: parseBody(members[name]) } : {})
  return { ...members, ...parsed('variables'), ...parsed('extensions') }
}
