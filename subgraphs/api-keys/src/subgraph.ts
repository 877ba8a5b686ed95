/** ApiKeys: keys for programs. Joins the features into one subgraph. */
import { readFileSync } from 'node:fs'
import type { AuditChain } from '@latchkey/audit'
import type { PublicGraph } from '@latchkey/public-graph'
import { createSecretVersions, type SecretVersions } from '@latchkey/secret-versions'
import { createSubgraph, type GuardedContext, type Subgraph } from '@latchkey/subgraph'
import type { StaleKey } from './access/service.ts'
import type { ApiKeysDependencies } from './dependencies.ts'
import { type ApiKeysContext, resolvers, rules } from './graph.ts'
import { type HeldScopes, readHeldScopes } from './holders/held-scopes.ts'
import { tellOfLackingPeppers } from './peppers/lacking.ts'
import { createServices, createUpkeep, type Services } from './services.ts'
import type { UnusedKey } from './unused/store.ts'
import type { UsageCounter } from './usage/counter.ts'

export type { StaleKey } from './access/service.ts'
export { graph } from './graph.ts'
export type { HeldScopes } from './holders/held-scopes.ts'
export type { ImportCounts, ImportMode, RowReport } from './imports/import.ts'
export { usesWrittenIn } from './limits/store.prisma.ts'
export { scopesInGraph } from './scopes-in-graph.ts'
export { scopeRequirementsIn } from './usage/scope-requirements.ts'
export { verifyScope } from './verification/rules.ts'

import { secretColumns } from './secret-versions/columns.ts'

/** What an operator does besides the graph. */
export type KeyTransfer = Pick<Services, 'archives' | 'backup' | 'imports' | 'foreignKeys' | 'peppers'>

export interface ApiKeysApplication {
  readonly subgraph: Subgraph
  /** The scopes of all keys that work. */
  heldScopes(): Promise<readonly HeldScopes[]>
  readonly transfer: KeyTransfer
  /** Which rows stand under which version of a secret. */
  readonly secretVersions: SecretVersions
  /** What keeps audit records from being changed unseen. */
  readonly auditChain: AuditChain
  /** Counts what was done with keys. */
  readonly counter: UsageCounter
  /** Judges the access lists of all keys that work, notes the stale ones, and names them. Rejects with UNAVAILABLE. */
  checkAccess(): Promise<readonly StaleKey[]>
  /** What another schema would make stale. */
  staleUnder(graph: PublicGraph): Promise<readonly StaleKey[]>
  /** The operator's way to keys that nothing uses: everybody's, batch by batch. */
  unusedKeys(days: number): AsyncIterable<readonly UnusedKey[]>
  /** Looks once for keys of whose end their owners have to hear; how many notices were written. */
  lookForNotices(): Promise<number>
  /** Does what is due of cleaning up and nobody else is at. */
  clean(): Promise<void>
  /** Begins what runs beside requests: deliveries, counting, notices, cleaning up. */
  start(): void
  /** Resolves once all of it is at rest. The database stays open: it belongs to whoever opened it. */
  close(): Promise<void>
}

export function createApiKeysSubgraph(dependencies: ApiKeysDependencies): ApiKeysApplication {
  const { database, clock, logger } = dependencies
  const services = createServices(dependencies)
  const { notices, ...workers } = createUpkeep(dependencies, services)
  const subgraph = createSubgraph<ApiKeysContext, Omit<ApiKeysContext, keyof GuardedContext>>({
    name: 'api-keys',
    typeDefs: readFileSync(new URL('../schema.graphql', import.meta.url), 'utf8'),
    resolvers,
    rules,
    services,
    contextFor: () => ({}),
    clock,
    logger,
  })
  return {
    subgraph,
    heldScopes: () => readHeldScopes(database, clock.now()),
    transfer: services,
    counter: workers.counter,
    auditChain: workers.auditChain,
    secretVersions: createSecretVersions({ ...dependencies, columns: secretColumns }),
    checkAccess: services.access.check,
    staleUnder: services.access.staleUnder,
    unusedKeys: services.unused.report,
    lookForNotices: () => notices.look(),
    clean: workers.cleaning.clean,
    start() {
      for (const worker of Object.values(workers)) worker.start()
      void tellOfLackingPeppers(services.peppers, logger)
    },
    async close() {
      await Promise.all(Object.values(workers).map((worker) => worker.close()))
    },
  }
}
