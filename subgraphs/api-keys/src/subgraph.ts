/** ApiKeys: keys for programs. Joins the features into one subgraph. */
import { readFileSync } from 'node:fs'
import type { Clock, Entropy } from '@latchkey/clock'
import type { Scope } from '@latchkey/principal'
import type { KeyEnvironment } from '@latchkey/principal/api-key-text'
import type { CredentialRecords } from '@latchkey/principal/credential-records'
import type { Database } from '@latchkey/prisma'
import type { Keyring } from '@latchkey/secrets'
import { createSubgraph, type GuardedContext, type Resolvers, type Rules, type Subgraph } from '@latchkey/subgraph'
import { joinTypes } from '@latchkey/subgraph/join-types'
import type { Logger } from '@latchkey/telemetry'
import { type HeldScopes, readHeldScopes } from './holders/held-scopes.ts'
import { type KeyContext, keyResolvers } from './keys/resolvers.ts'
import { keyRules } from './keys/rules.ts'
import { createKeyService } from './keys/service.ts'
import { prismaApiKeyStore } from './keys/store.prisma.ts'
import { type LifecycleContext, lifecycleResolvers } from './lifecycle/resolvers.ts'
import { lifecycleRules } from './lifecycle/rules.ts'
import { createLifecycle } from './lifecycle/service.ts'
import { prismaLifecycleStore } from './lifecycle/store.prisma.ts'
import { prismaOutboxStore } from './outbox/store.prisma.ts'
import { createOutboxWorker } from './outbox/worker.ts'
import { type PrivacyContext, privacyResolvers } from './privacy/resolvers.ts'
import { privacyRules } from './privacy/rules.ts'
import { createPrivacy } from './privacy/service.ts'
import { prismaOwnerStore } from './privacy/store.prisma.ts'
import { type VerificationContext, verificationResolvers } from './verification/resolvers.ts'
import { verificationRules } from './verification/rules.ts'
import { createVerificationService } from './verification/service.ts'
import { type WithdrawalContext, withdrawalResolvers } from './withdrawal/resolvers.ts'
import { withdrawalRules } from './withdrawal/rules.ts'
import { createWithdrawal } from './withdrawal/service.ts'
import { prismaWithdrawalStore } from './withdrawal/store.prisma.ts'

export type { HeldScopes } from './holders/held-scopes.ts'
export { scopesInGraph } from './scopes-in-graph.ts'

export interface ApiKeysDependencies {
  readonly database: Database
  readonly records: CredentialRecords
  readonly keyring: Keyring
  readonly clock: Clock
  readonly entropy: Entropy
  readonly logger: Logger
  /** Which deployment the keys made here belong to. */
  readonly environment: KeyEnvironment
  /** Every scope that a key can hold; asked for each new key, so that a new supergraph counts at once. */
  readonly scopesInGraph: () => readonly Scope[]
}

export interface ApiKeysApplication {
  readonly subgraph: Subgraph
  /** The scopes of all keys that work. */
  heldScopes(): Promise<readonly HeldScopes[]>
  /** Begins to deliver the outbox. */
  start(): void
  /** Resolves once the outbox is at rest. The database stays open: it belongs to whoever opened it. */
  close(): Promise<void>
}

export const apiKeysRules: Rules = joinTypes<Rules[string]>(
  keyRules,
  lifecycleRules,
  verificationRules,
  privacyRules,
  withdrawalRules,
)

type ApiKeysContext = KeyContext & LifecycleContext & VerificationContext & PrivacyContext & WithdrawalContext

const resolvers: Resolvers<ApiKeysContext> = joinTypes<Resolvers<ApiKeysContext>[string]>(
  keyResolvers,
  lifecycleResolvers,
  verificationResolvers,
  privacyResolvers,
  withdrawalResolvers,
)

/** What guards this graph, for whoever checks it without running it. */
export const graph = { resolvers, rules: apiKeysRules }

export function createApiKeysSubgraph(dependencies: ApiKeysDependencies): ApiKeysApplication {
  const { database, records, keyring, clock, logger } = dependencies
  const store = prismaApiKeyStore(database)
  const verification = createVerificationService({ store, records })
  const keys = createKeyService({ ...dependencies, store, announce: verification.announce })
  const lifecycleStore = prismaLifecycleStore(database)
  const lifecycle = createLifecycle({ ...dependencies, store: lifecycleStore, announce: verification.announce })
  const privacy = createPrivacy({ ...dependencies, store: prismaOwnerStore(database) })
  const withdrawalStore = prismaWithdrawalStore(database)
  const withdrawal = createWithdrawal({ ...dependencies, store: withdrawalStore, announce: verification.announce })
  const outbox = prismaOutboxStore(database)
  const worker = createOutboxWorker({ store: outbox, keyChanged: verification.record, keyring, clock, logger })

  const subgraph = createSubgraph<ApiKeysContext, Omit<ApiKeysContext, keyof GuardedContext>>({
    name: 'api-keys',
    typeDefs: readFileSync(new URL('../schema.graphql', import.meta.url), 'utf8'),
    resolvers,
    rules: apiKeysRules,
    services: { keys, lifecycle, verification, privacy, withdrawal },
    contextFor: () => ({}),
    logger,
  })
  const heldScopes = () => readHeldScopes(database, clock.now())
  return { subgraph, heldScopes, start: worker.start, close: worker.close }
}
