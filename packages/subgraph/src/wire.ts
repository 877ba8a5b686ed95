/** GraphQL requests and answers as JSON (GraphQL over HTTP): nothing that came over a wire is taken at its word. */
import type { SubgraphResponse } from './transport.ts'

export interface RequestBody {
  readonly query: string
  readonly variables: Readonly<Record<string, unknown>>
  readonly operationName: string | undefined
}

/** `null`: not JSON, or not the shape of a GraphQL request. */
export function parseRequestBody(text: string): RequestBody | null {
  const body = parseJson(text)
  if (!isObject(body) || typeof body.query !== 'string') return null
  const { query, variables = null, operationName = null } = body
  if (variables !== null && !isObject(variables)) return null
  if (operationName !== null && typeof operationName !== 'string') return null
  return { query, variables: variables ?? {}, operationName: operationName ?? undefined }
}

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
