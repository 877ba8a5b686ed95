/** Which operations are let in by whether they are registered. */
import { hash } from 'node:crypto'
import type { PersistedOperationsLevel } from '@latchkey/principal/confinement'
import type { ApiKeyRecord } from '@latchkey/principal/credential-records'
import { createBoundedCache } from '@latchkey/subgraph/bounded-cache'
import type { Logger } from '@latchkey/telemetry'
import { countOf } from '@latchkey/telemetry/metrics'
import type { GraphQLError } from 'graphql'
import type { GraphQLRequest, RequestHeaders } from '../pipeline.ts'
import { protocolError } from '../protocol-error.ts'
import type { RegisteredOperations } from './registered-operations.ts'

/**
 * From the loosest to the strictest. `off`: everything is let in. `log-unknown`: what is not registered is logged, and let in.
 * `safelist`: it is refused. `ids-only`: no text is let in, registered or not.
 */
export const persistedLevels = ['off', 'log-unknown', 'safelist', 'ids-only'] as const
export type PersistedLevel = (typeof persistedLevels)[number]

type Asked = Pick<GraphQLRequest, 'query' | 'documentId' | 'headers' | 'requestId'>

export interface PersistedOperations {
  /** The gateway's own, which counts for everybody. */
  readonly level: PersistedLevel
  /** The text that an id stands for. Throws PERSISTED_QUERY_NOT_IN_LIST for an id that stands for none. */
  textOf(id: string): string
  /** The same, `undefined` for none. */
  find(id: string): string | undefined
  /** What a text would be refused with that comes with this key; `null`: it would be let in. Nothing is counted. */
  refusalOf(query: string, key: ApiKeyRecord | undefined): GraphQLError | null
  /**
   * Of the gateway's level and the key's the stricter counts. Throws QUERY_NOT_IN_SAFELIST or PERSISTED_QUERY_ID_REQUIRED, as
   * Apollo's router does.
   */
  requireRegistered(asked: Asked, key: ApiKeyRecord | undefined): void
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
    refusalOf(query, key) {
      const { required, of } = strictest(level, key)
      if (required === 'ids-only') return idRequired(of)
      return required === 'safelist' && !registered().includes(query) ? notInSafelist(of) : null
    },
    requireRegistered(asked, key) {
      const { required, of } = strictest(level, key)
      const { documentId, query } = asked
      if (required === 'off' || (documentId !== undefined && registered().textOf(documentId) === query)) return
      const isKnown = registered().includes(query)
      if (isKnown && required !== 'ids-only') return
      const fate = required === 'log-unknown' ? 'passed' : 'refused'
      unknown.add({ fate })
      tell(asked, fate, key)
      if (required === 'ids-only') throw idRequired(of)
      if (required === 'safelist') throw notInSafelist(of)
    },
  }
}

const levelsOfKeys: Readonly<Record<PersistedOperationsLevel, PersistedLevel>> = {
  LOG_UNKNOWN: 'log-unknown',
  SAFELIST: 'safelist',
  IDS_ONLY: 'ids-only',
}

interface Strictest {
  readonly required: PersistedLevel
  readonly of: 'gateway' | 'key'
}

function strictest(ofGateway: PersistedLevel, key: ApiKeyRecord | undefined): Strictest {
  const own = key?.confinement?.persistedOperations
  if (own === undefined) return { required: ofGateway, of: 'gateway' }
  // A later release may have written a level that is not known here.
  const ofKey = levelsOfKeys[own] ?? 'ids-only'
  return persistedLevels.indexOf(ofKey) > persistedLevels.indexOf(ofGateway)
    ? { required: ofKey, of: 'key' }
    : { required: ofGateway, of: 'gateway' }
}

/** Hashes that were told of: however often somebody, or somebody's key, repeats one, it is one line. */
const toldMax = 1_000

function createTeller(logger: Logger) {
  const told = createBoundedCache<true>({ entriesMax: toldMax })
  return ({ query, headers, requestId }: Asked, fate: 'passed' | 'refused', key: ApiKeyRecord | undefined): void => {
    const [sha256, keyId] = [hash('sha256', query, 'hex'), key?.keyId]
    const repeated = `${sha256} ${keyId ?? ''}`
    if (told.find(repeated)) return
    told.keep(repeated, true)
    logger.warn({ client: clientIn(headers), keyId, sha256, fate, requestId }, 'an operation that is not registered')
  }
}

const clientMax = 100

/** What a client calls itself; anybody can say anything. */
function clientIn(headers: RequestHeaders): string | undefined {
  const name = headers['apollographql-client-name'] ?? headers['graphql-client-name']
  return typeof name === 'string' ? name.slice(0, clientMax) : undefined
}

const notInList = () => protocolError('PERSISTED_QUERY_NOT_IN_LIST', 'No operation is registered under this id.')

const where = { gateway: 'here', key: 'with this key' } as const

const notInSafelist = (of: Strictest['of']) =>
  protocolError(
    'QUERY_NOT_IN_SAFELIST',
    `This operation is not registered, and only registered ones are answered ${where[of]}.`,
  )

const idRequired = (of: Strictest['of']) =>
  protocolError(
    'PERSISTED_QUERY_ID_REQUIRED',
    `Operations are asked by their registered ids ${where[of]}, and never by text.`,
  )
