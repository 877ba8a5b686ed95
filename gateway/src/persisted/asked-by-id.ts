/** Requests that name an operation by its id: `documentId`, or `extensions.persistedQuery` without a text, by POST and by GET. */
import { isRecord } from '../http/request-body.ts'
import { protocolError } from '../protocol-error.ts'
import type { PersistedOperations } from './levels.ts'

/** The body as it would be with the text, and the id that it came with. */
export interface AskedById {
  readonly documentId: string
  readonly body: Readonly<Record<string, unknown>>
}

/**
 * `null`: it names no id, or an id that is for Apollo Server to know: an automatic one; at `off` also any other that is not registered.
 * Throws PERSISTED_QUERY_NOT_IN_LIST, or CANNOT_SEND_PQ_ID_AND_BODY for a `documentId` beside a text.
 */
export function readAskedById(sent: unknown, persisted: PersistedOperations): AskedById | null {
  if (!isRecord(sent)) return null
  if (sent.documentId === undefined && typeof sent.query === 'string' && sent.query !== '') return null
  const { documentId, query, extensions, ...rest } = sent
  const hasText = query !== undefined && query !== null && query !== ''
  const { level } = persisted
  if (typeof documentId === 'string' && level !== 'off') {
    if (hasText) throw bothSent()
    return { documentId, body: { ...rest, query: persisted.textOf(documentId) } }
  }
  const id = hasText ? undefined : typeof documentId === 'string' ? documentId : automaticId(extensions)
  if (id === undefined) return null
  const text = level === 'ids-only' ? persisted.textOf(id) : persisted.find(id)
  return text === undefined ? null : { documentId: id, body: { ...rest, query: text } }
}

/** The same of a URL's parameters, whose variables and extensions are JSON; what is none of it is left to Apollo Server. */
export function readAskedByIdInSearch(search: string, persisted: PersistedOperations): AskedById | null {
  if (search === '') return null
  const { variables, extensions, ...rest } = Object.fromEntries(new URLSearchParams(search))
  const told = variables === undefined ? undefined : parsed(variables)
  if (variables !== undefined && told === undefined) return null
  return readAskedById({ ...rest, extensions: extensions && parsed(extensions), variables: told }, persisted)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function automaticId(extensions: unknown): string | undefined {
  const persistedQuery = isRecord(extensions) ? extensions.persistedQuery : undefined
  const id = isRecord(persistedQuery) ? persistedQuery.sha256Hash : undefined
  return typeof id === 'string' ? id : undefined
}

const bothSent = () =>
  protocolError('CANNOT_SEND_PQ_ID_AND_BODY', 'Send the id of a registered operation or the text of one, not both.')
