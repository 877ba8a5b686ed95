/** Pages of keys, newest first: a cursor names a place in the order (createdAt, id), so keys made meanwhile shift nothing. */
import { badInput } from '@latchkey/problem'
import type { ApiKey } from './key.ts'

const pageSizeMax = 100
const pageSizeDefault = 20

/** The last key of the page before. */
export interface Place {
  readonly createdAt: Date
  readonly id: string
}

export interface PageArguments {
  readonly first?: number | null
  readonly after?: string | null
}

export interface PageRequest {
  readonly size: number
  readonly after: Place | null
}

/** Throws BAD_USER_INPUT for a size outside 1 to 100 and for a cursor that was not written here. */
export function parsePage({ first, after }: PageArguments): PageRequest {
  const size = first ?? pageSizeDefault
  if (size < 1 || size > pageSizeMax) throw badInput({ first: `must be 1 to ${pageSizeMax}` })
  return { size, after: after === undefined || after === null ? null : parseCursor(after) }
}

export const cursorOf = ({ createdAt, id }: Place): string =>
  Buffer.from(`${createdAt.getTime()}.${id}`).toString('base64url')

function parseCursor(cursor: string): Place {
  const [, ms, id] = /^(\d{1,15})\.([0-9A-Za-z]{12})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? []
  const place = { createdAt: new Date(Number(ms)), id: id ?? '' }
  // One spelling each: base64url readers skip what they do not know.
  if (id === undefined || cursorOf(place) !== cursor) throw badInput({ after: 'must be the endCursor of a page' })
  return place
}

export interface KeyPage {
  readonly edges: readonly { readonly cursor: string; readonly node: ApiKey }[]
  readonly nodes: readonly ApiKey[]
  readonly pageInfo: {
    readonly hasNextPage: boolean
    readonly hasPreviousPage: boolean
    readonly startCursor: string | null
    readonly endCursor: string | null
  }
}

/** `found` holds one key more than the page, where there is one. */
export function pageOf(found: readonly ApiKey[], { size, after }: PageRequest): KeyPage {
  const nodes = found.slice(0, size)
  const edges = nodes.map((node) => ({ cursor: cursorOf(node), node }))
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
