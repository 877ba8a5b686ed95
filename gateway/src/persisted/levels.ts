/** Which operations are let in by whether they are registered. */
import { hash } from 'node:crypto'
import { createBoundedCache } from '@latchkey/subgraph/bounded-cache'
import type { Logger } from '@latchkey/telemetry'
import { countOf } from '@latchkey/telemetry/metrics'
import type { GraphQLError } from 'graphql'
import type { GraphQLRequest, RequestHeaders } from '../pipeline.ts'
import { protocolError } from '../protocol-error.ts'
import type { RegisteredOperations } from './registered-operations.ts'

/**
 * `off`: none is registered, and ids are Apollo's automatic ones alone. `log-unknown`: what is not registered is logged, and let in.
 * `safelist`: it is refused. `ids-only`: no text is let in, registered or not.
 */
export const persistedLevels = ['off', 'log-unknown', 'safelist', 'ids-only'] as const
export type PersistedLevel = (typeof persistedLevels)[number]

type Asked = Pick<GraphQLRequest, 'query' | 'documentId' | 'headers' | 'requestId'>

export interface PersistedOperations {
  readonly level: PersistedLevel
  /** The text that an id stands for. Throws PERSISTED_QUERY_NOT_IN_LIST for an id that stands for none. */
  textOf(id: string): string
  /** The same, `undefined` for none. */
  find(id: string): string | undefined
  /** What a text would be refused with; `null`: it would be let in. Nothing is counted. */
  refusalOf(query: string): GraphQLError | null
  /** Throws QUERY_NOT_IN_SAFELIST or PERSISTED_QUERY_ID_REQUIRED, as Apollo's router does. */
  requireRegistered(asked: Asked): void
}

export interface PersistedDependencies {
  readonly level: PersistedLevel
  /** Those of this moment. */
  readonly registered: () => RegisteredOperations
  readonly logger: Logger
}

const unknown = countOf(
  'latchkey_unregistered_operations_total',
  'Operations that are not registered, or not asked by their id where they must be: passed, or refused.',
  ['fate'],
)

export function createPersistedOperations({ level, registered, logger }: PersistedDependencies): PersistedOperations {
  const tell = createTeller(logger)
  return {
    level,
    find: (id) => registered().textOf(id),
    textOf(id) {
      const text = registered().textOf(id)
      if (text !== undefined) return text
      unknown.add({ fate: 'refused' })
      throw notInList()
    },
    refusalOf(query) {
      if (level === 'ids-only') return idRequired()
      return level === 'safelist' && !registered().includes(query) ? notInSafelist() : null
    },
    requireRegistered(asked) {
      if (level === 'off' || (asked.documentId !== undefined && registered().textOf(asked.documentId) === asked.query))
        return
      const isKnown = registered().includes(asked.query)
      if (isKnown && level !== 'ids-only') return
      const fate = level === 'log-unknown' ? 'passed' : 'refused'
      unknown.add({ fate })
      tell(asked, fate)
      if (level === 'ids-only') throw idRequired()
      if (level === 'safelist') throw notInSafelist()
    },
  }
}

/** Hashes that were told of: however often somebody repeats one, it is one line. */
const toldMax = 1_000

function createTeller(logger: Logger) {
  const told = createBoundedCache<true>({ entriesMax: toldMax })
  return ({ query, headers, requestId }: Asked, fate: 'passed' | 'refused'): void => {
    const sha256 = hash('sha256', query, 'hex')
    if (told.find(sha256)) return
    told.keep(sha256, true)
    logger.warn({ client: clientIn(headers), sha256, fate, requestId }, 'an operation that is not registered')
  }
}

const clientMax = 100

/** What a client calls itself; anybody can say anything. */
function clientIn(headers: RequestHeaders): string | undefined {
  const name = headers['apollographql-client-name'] ?? headers['graphql-client-name']
  return typeof name === 'string' ? name.slice(0, clientMax) : undefined
}

const notInList = () => protocolError('PERSISTED_QUERY_NOT_IN_LIST', 'No operation is registered under this id.')

const notInSafelist = () =>
  protocolError(
    'QUERY_NOT_IN_SAFELIST',
    'This operation is not registered, and only registered ones are answered here.',
  )

const idRequired = () =>
  protocolError('PERSISTED_QUERY_ID_REQUIRED', 'Operations are asked by their registered ids here, and never by text.')
