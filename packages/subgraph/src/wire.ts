/** GraphQL requests and answers as JSON (GraphQL over HTTP): nothing that came over a wire is taken at its word. */
import type { StreamEvent, SubgraphRequest, SubgraphResponse } from './transport.ts'

export interface RequestBody {
  readonly query: string
  readonly variables: Readonly<Record<string, unknown>>
  readonly operationName: string | undefined
  readonly event?: StreamEvent
}

/** Operations are written by a planner, or by us: what changes something, or is a stream, begins with its word. */
export const kindOf = ({ query }: Pick<RequestBody, 'query'>): 'question' | 'change' =>
  /^\s*(?:query\b|\{)/.test(query) ? 'question' : 'change'

/** The text of a request. What a stream is told is an extension of it. */
export const writeRequestBody = ({ query, variables, operationName, event }: SubgraphRequest): string =>
  JSON.stringify({ query, variables, operationName, ...(event && { extensions: { event } }) })

/** `null`: not JSON, or not the shape of a GraphQL request. */
export function parseRequestBody(text: string): RequestBody | null {
  const body = parseJson(text)
  if (!isObject(body) || typeof body.query !== 'string') return null
  const { query, variables = null, operationName = null, extensions = null } = body
  if (variables !== null && !isObject(variables)) return null
  if (operationName !== null && typeof operationName !== 'string') return null
  const request = { query, variables: variables ?? {}, operationName: operationName ?? undefined }
  if (!isObject(extensions) || extensions.event === undefined) return request
  return isEvent(extensions.event) ? { ...request, event: extensions.event } : null
}

const isEvent = (event: unknown): event is StreamEvent =>
  isObject(event) &&
  typeof event.accountId === 'string' &&
  isObject(event.facts) &&
  Object.values(event.facts).every(isFact)

const isFact = (fact: unknown): boolean => typeof fact === 'string' || typeof fact === 'number'

/** `null`: not JSON, or neither data nor errors as GraphQL has them. */
export function parseAnswer(text: string): SubgraphResponse | null {
  const answer = parseJson(text)
  return isAnswer(answer) ? answer : null
}

const isAnswer = (answer: unknown): answer is SubgraphResponse =>
  isObject(answer) &&
  (answer.errors === undefined || (Array.isArray(answer.errors) && answer.errors.every(isError))) &&
  (isObject(answer.data) ||
    ((answer.data ?? null) === null && Array.isArray(answer.errors) && answer.errors.length > 0))

const isError = (error: unknown): boolean => isObject(error) && typeof error.message === 'string'

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** `undefined` for a text that is not JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
