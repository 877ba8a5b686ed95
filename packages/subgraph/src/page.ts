/** Pages of a list (Relay connections): a cursor names a place in the order (at, id), so what is added meanwhile shifts nothing. */
import { badInput } from '@latchkey/problem'

const pageSizeMax = 100
const pageSizeDefault = 20

/** Where a node stands: what the list is ordered by, and its id, so that no two stand at the same place. */
export interface Place {
  readonly at: Date
  readonly id: string
}

export interface PageArguments {
  readonly first?: number | null
  readonly after?: string | null
}

export interface PageRequest {
  readonly size: number
  /** The place of the last node of the page before. */
  readonly after: Place | null
}

/** A page as the graph gives it. */
export interface Page<Node> {
  readonly edges: readonly { readonly cursor: string; readonly node: Node }[]
  readonly nodes: readonly Node[]
  readonly pageInfo: {
    readonly hasNextPage: boolean
    readonly hasPreviousPage: boolean
    readonly startCursor: string | null
    readonly endCursor: string | null
  }
}

/** Throws BAD_USER_INPUT for a size outside 1 to 100 and for a cursor that was not written here. */
export function parsePage({ first, after }: PageArguments): PageRequest {
  const size = first ?? pageSizeDefault
  if (size < 1 || size > pageSizeMax) throw badInput({ first: `must be 1 to ${pageSizeMax}` })
  return { size, after: after === undefined || after === null ? null : parseCursor(after) }
}

export const cursorOf = ({ at, id }: Place): string => Buffer.from(`${at.getTime()}.${id}`).toString('base64url')

/** Longer than any cursor of ours. */
const cursorLengthMax = 120

function parseCursor(cursor: string): Place {
  const text = cursor.length > cursorLengthMax ? '' : Buffer.from(cursor, 'base64url').toString()
  const [, ms, id] = /^(\d{1,15})\.(\w{1,64})$/.exec(text) ?? []
  const place = { at: new Date(Number(ms)), id: id ?? '' }
  // One spelling each: base64url readers skip what they do not know.
  if (id === undefined || cursorOf(place) !== cursor) throw badInput({ after: 'must be the endCursor of a page' })
  return place
}

/** `found` holds one node more than the page, where there is one. */
export function pageOf<Node>(
  found: readonly Node[],
  { size, after }: PageRequest,
  placeOf: (node: Node) => Place,
): Page<Node> {
  const nodes = found.slice(0, size)
  const edges = nodes.map((node) => ({ cursor: cursorOf(placeOf(node)), node }))
  return {
    edges,
    nodes,
    pageInfo: {
      hasNextPage: found.length > size,
      hasPreviousPage: after !== null,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  }
}
