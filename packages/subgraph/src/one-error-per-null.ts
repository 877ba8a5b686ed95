/** Brings the errors of an answer into one form, whichever executor made them. */
import type { ExecutionResult, GraphQLError } from 'graphql'

/**
 * Several fields may fail below an object that is null already for the first of them. graphql-js then tells one, graphql-jit all,
 * each in the order in which promises settle. Told is one error for each null, in the order of the document.
 */
export function oneErrorPerNull({ data, errors }: ExecutionResult): readonly GraphQLError[] | undefined {
  if (!errors || errors.length < 2) return errors
  const told = new Map<string, GraphQLError>()
  for (const error of [...errors].sort(byPlace)) {
    const place = pathOfNull(data, error)
    if (!told.has(place)) told.set(place, error)
  }
  return [...told.values()]
}

function byPlace(a: GraphQLError, b: GraphQLError): number {
  const [one, other] = [a.locations?.[0], b.locations?.[0]]
  return (
    (one?.line ?? 0) - (other?.line ?? 0) || (one?.column ?? 0) - (other?.column ?? 0) || comparePaths(a.path, b.path)
  )
}

type Path = GraphQLError['path']

function comparePaths(a: Path = [], b: Path = []): number {
  for (const [at, key] of a.entries()) {
    const other = b[at]
    if (typeof key === 'number' && typeof other === 'number' && key !== other) return key - other
  }
  return a.length - b.length
}

/** The path up to where the data ends. An error of the whole operation has a place of its own. */
function pathOfNull(data: unknown, { path, message }: GraphQLError): string {
  if (!path) return message
  const reached: (string | number)[] = []
  let value = data
  for (const key of path) {
    if (typeof value !== 'object' || value === null) break
    value = Reflect.get(value, key)
    reached.push(key)
  }
  return JSON.stringify(reached)
}
