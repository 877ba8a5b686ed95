/** ApiKeys: keys for programs. Joins the features into one subgraph. */
import { readFileSync } from 'node:fs'
import type { Clock, Entropy } from '@latchkey/clock'
import type { Scope } from '@latchkey/principal'
import type { KeyEnvironment } from '@latchkey/principal/api-key-text'
import type { CredentialRecords } from '@latchkey/principal/credential-records'
import type { CountedBudgets } from '@latchkey/principal/key-budgets'
import { createKeyCheck } from '@latchkey/principal/key-check'
import { createKeyProof } from '@latchkey/principal/key-proof'
import type { KeyThrottle } from '@latchkey/principal/key-throttle'
import type { UsageStream } from '@latchkey/principal/key-usage'
import type { Database } from '@latchkey/prisma'
import type { Keyring } from '@latchkey/secrets'
import { createSubgraph, type GuardedContext, type Resolvers, type Rules, type Subgraph } from '@latchkey/subgraph'
import { joinTypes } from '@latchkey/subgraph/join-types'
import type { PublicGraph } from '@latchkey/subgraph/public-graph'
import type { SubgraphTransport } from '@latchkey/subgraph/transport'
import type { Logger } from '@latchkey/telemetry'
import { type AccessContext, accessResolvers } from './access/resolvers.ts'
import { accessRules } from './access/rules.ts'
import { createAccessService, type StaleKey } from './access/service.ts'
import { prismaAccessStore } from './access/store.prisma.ts'
import { createAccessWatch } from './access/watch.ts'
import { createBackup } from './backup/service.ts'
import { prismaArchiveStore } from './backup/store.prisma.ts'
import { type ForeignKeyContext, foreignKeyResolvers } from './foreign-keys/resolvers.ts'
import { foreignKeyRules } from './foreign-keys/rules.ts'
import { createForeignKeys } from './foreign-keys/service.ts'
import { createSlowHashCheck } from './foreign-keys/slow-hash.ts'
import { prismaForeignKeyStore } from './foreign-keys/store.prisma.ts'
import { createWrongTries } from './foreign-keys/wrong-tries.ts'
import { type HeldScopes, readHeldScopes } from './holders/held-scopes.ts'
import { type TransferContext, transferResolvers } from './imports/resolvers.ts'
import { transferRules } from './imports/rules.ts'
import { createImports } from './imports/service.ts'
import { prismaImportStore } from './imports/store.prisma.ts'
import { type KeyContext, keyResolvers } from './keys/resolvers.ts'
import { keyRules } from './keys/rules.ts'
import { createKeyService } from './keys/service.ts'
import { prismaApiKeyStore, writeAudit } from './keys/store.prisma.ts'
import type { ApiKeyStore } from './keys/store.ts'
import type { AuditRecord } from './keys/trail.ts'
import { type LifecycleContext, lifecycleResolvers } from './lifecycle/resolvers.ts'
import { lifecycleRules } from './lifecycle/rules.ts'
import { createLifecycle } from './lifecycle/service.ts'
import { prismaLifecycleStore } from './lifecycle/store.prisma.ts'
import { type LimitContext, limitResolvers } from './limits/resolvers.ts'
import { limitRules } from './limits/rules.ts'
import { createScribe } from './limits/scribe.ts'
import { createBalances } from './limits/service.ts'
import { prismaUsesStore } from './limits/store.prisma.ts'
import { prismaOutboxStore } from './outbox/store.prisma.ts'
import { createOutboxWorker } from './outbox/worker.ts'
import { tellOfLackingPeppers } from './peppers/lacking.ts'
import { type PepperContext, pepperResolvers } from './peppers/resolvers.ts'
import { pepperRules } from './peppers/rules.ts'
import { createPeppers } from './peppers/service.ts'
import { prismaPepperStore } from './peppers/store.prisma.ts'
import { type PrivacyContext, privacyResolvers } from './privacy/resolvers.ts'
import { privacyRules } from './privacy/rules.ts'
import { createPrivacy } from './privacy/service.ts'
import { prismaOwnerStore } from './privacy/store.prisma.ts'
import { createUsageCounter, type UsageCounter } from './usage/counter.ts'
import { prismaCountingStore } from './usage/counts.prisma.ts'
import { type UsageContext, usageResolvers } from './usage/resolvers.ts'
import { usageRules } from './usage/rules.ts'
import type { ScopeRequirements } from './usage/scope-requirements.ts'
import { createUsage } from './usage/service.ts'
import { prismaUsageStore } from './usage/store.prisma.ts'
import type { Retention } from './usage/store.ts'
import { usersGrants } from './verification/grants.users.ts'
import { type VerificationContext, verificationResolvers } from './verification/resolvers.ts'
import { verificationRules } from './verification/rules.ts'
import { createVerificationService, type VerificationService } from './verification/service.ts'
import { createKeyVerifier } from './verification/verifier.ts'
import { type WithdrawalContext, withdrawalResolvers } from './withdrawal/resolvers.ts'
import { withdrawalRules } from './withdrawal/rules.ts'
import { createWithdrawal } from './withdrawal/service.ts'
import { prismaWithdrawalStore } from './withdrawal/store.prisma.ts'

export type { StaleKey } from './access/service.ts'
export type { HeldScopes } from './holders/held-scopes.ts'
export type { ImportCounts, ImportMode, RowReport } from './imports/import.ts'
export { usesWrittenIn } from './limits/store.prisma.ts'
export { scopesInGraph } from './scopes-in-graph.ts'
export { scopeRequirementsIn } from './usage/scope-requirements.ts'
export { verifyScope } from './verification/rules.ts'

export interface ApiKeysDependencies {
  readonly database: Database
  readonly records: CredentialRecords
  /** What keys spend from; `usesWrittenIn` the same database is what tells them of uses they have lost count of. */
  readonly budgets: CountedBudgets
  readonly keyring: Keyring
  readonly clock: Clock
  readonly entropy: Entropy
  readonly logger: Logger
  /** Which deployment the keys made here belong to. */
  readonly environment: KeyEnvironment
  /** Every scope that a key can hold; asked for each new key, so that a new supergraph counts at once. */
  readonly scopesInGraph: () => readonly Scope[]
  /** Knows what owners are permitted. */
  readonly users: SubgraphTransport
  /** Counts wrong keys together with those that are shown at the gateway. */
  readonly throttle: KeyThrottle
  /** What keys can be let ask; the same object while it is the same. */
  readonly publicGraph: () => PublicGraph
  /** Where gateways leave what was done with keys. */
  readonly usageStream: UsageStream
  /** For how long that is kept. */
  readonly usageKept: Retention
  /** Which scopes fields ask for. */
  readonly requirementsInGraph: () => ScopeRequirements
}

/** What an operator does besides the graph. */
export type KeyTransfer = Pick<TransferContext, 'archives' | 'backup' | 'imports'> &
  Pick<ForeignKeyContext, 'foreignKeys'> &
  Pick<PepperContext, 'peppers'>

export interface ApiKeysApplication {
  readonly subgraph: Subgraph
  /** The scopes of all keys that work. */
  heldScopes(): Promise<readonly HeldScopes[]>
  /** Counts what was done with keys. */
  readonly counter: UsageCounter
  readonly transfer: KeyTransfer
  /** Begins to deliver the outbox, to count, and to write down what was spent. */
  start(): void
  /** Judges the access lists of all keys that work, notes the stale ones, and names them. Rejects with UNAVAILABLE. */
  checkAccess(): Promise<readonly StaleKey[]>
  /** What another schema would make stale. */
  staleUnder(graph: PublicGraph): Promise<readonly StaleKey[]>
  /** Resolves once the outbox is at rest and what waited is counted. The database stays open: it belongs to whoever opened it. */
  close(): Promise<void>
}

export const apiKeysRules: Rules = joinTypes<Rules[string]>(
  keyRules,
  lifecycleRules,
  verificationRules,
  privacyRules,
  withdrawalRules,
  accessRules,
  usageRules,
  limitRules,
  transferRules,
  foreignKeyRules,
  pepperRules,
)

type ApiKeysContext = KeyContext &
  LifecycleContext &
  VerificationContext &
  PrivacyContext &
  WithdrawalContext &
  AccessContext &
  UsageContext &
  LimitContext &
  TransferContext &
  ForeignKeyContext &
  PepperContext

const resolvers: Resolvers<ApiKeysContext> = joinTypes<Resolvers<ApiKeysContext>[string]>(
  keyResolvers,
  lifecycleResolvers,
  verificationResolvers,
  privacyResolvers,
  withdrawalResolvers,
  accessResolvers,
  usageResolvers,
  limitResolvers,
  transferResolvers,
  foreignKeyResolvers,
  pepperResolvers,
)

export function createApiKeysSubgraph(dependencies: ApiKeysDependencies): ApiKeysApplication {
  const { database, records, keyring, clock, logger, users, budgets, usageStream, usageKept: retention } = dependencies
  const store = prismaApiKeyStore(database)
  const verification = createVerificationService({ store, records })
  const transfer = createTransfer(dependencies, verification, store)
  const loaders = { loadApiKey: verification.record, loadGrants: usersGrants(users) }
  const foreignKeyIdOf = async (text: string) =>
    (await transfer.foreignKeys.recognise(text, { service: 'api-keys', requestId: 'verify-api-key' }))?.keyId ?? null
  const check = createKeyCheck({ ...dependencies, ...loaders, foreignKeyIdOf, provesKey: createKeyProof(keyring) })
  const verifier = createKeyVerifier({ check, budgets })
  const keys = createKeyService({ ...dependencies, store, announce: verification.announce })
  const lifecycleStore = prismaLifecycleStore(database)
  const usesStore = prismaUsesStore(database)
  const balances = createBalances({ ...dependencies, store: usesStore })
  const scribe = createScribe({ tally: dependencies.budgets, store: usesStore, clock, logger })
  const lifecycle = createLifecycle({
    ...dependencies,
    store: lifecycleStore,
    announce: verification.announce,
    usesSpent: balances.usesSpent,
  })
  const privacy = createPrivacy({ ...dependencies, store: prismaOwnerStore(database) })
  const withdrawalStore = prismaWithdrawalStore(database)
  const withdrawal = createWithdrawal({ ...dependencies, store: withdrawalStore, announce: verification.announce })
  const accessStore = prismaAccessStore(database)
  const { announce } = verification
  const access = createAccessService({ ...dependencies, store: accessStore, changes: lifecycleStore, announce })
  const watch = createAccessWatch({ ...dependencies, check: access.check })
  const usage = createUsage({ ...dependencies, store: prismaUsageStore(database), retention })
  const counting = prismaCountingStore(database, retention)
  const counter = createUsageCounter({ ...dependencies, store: counting, usage: usageStream })
  const outbox = prismaOutboxStore(database)
  const keyChanged = async (keyId: string) => {
    await verification.record(keyId)
    await access.checkOne(keyId)
  }
  const worker = createOutboxWorker({ store: outbox, keyChanged, keyring, clock, logger })

  const subgraph = createSubgraph<ApiKeysContext, Omit<ApiKeysContext, keyof GuardedContext>>({
    name: 'api-keys',
    typeDefs: readFileSync(new URL('../schema.graphql', import.meta.url), 'utf8'),
    resolvers,
    rules: apiKeysRules,
    services: { keys, lifecycle, verification, verifier, privacy, withdrawal, access, usage, balances, ...transfer },
    contextFor: () => ({}),
    clock,
    logger,
  })
  const heldScopes = () => readHeldScopes(database, clock.now())
  return {
    subgraph,
    counter,
    heldScopes,
    transfer,
    checkAccess: access.check,
    staleUnder: access.staleUnder,
    start() {
      worker.start()
      watch.start()
      counter.start()
      scribe.start()
      void tellOfLackingPeppers(transfer.peppers, logger)
    },
    async close() {
      await Promise.all([worker.close(), watch.close(), counter.close(), scribe.close()])
    },
  }
}

/** Keys in files, and under other hashes than the newest of ours. */
function createTransfer(
  dependencies: ApiKeysDependencies,
  { announce, record }: VerificationService,
  keys: ApiKeyStore,
): KeyTransfer {
  const { database, clock } = dependencies
  const [archives, foreign] = [prismaArchiveStore(database), prismaForeignKeyStore(database)]
  const recordAudit = async (audit: AuditRecord) => writeAudit(database.prisma, audit)
  const shared = { ...dependencies, announce, record }
  const foreignKeys = createForeignKeys({
    ...{ ...shared, store: foreign, checkSlowHash: createSlowHashCheck(), wrongTries: createWrongTries(clock) },
  })
  return {
    archives,
    backup: createBackup({ ...dependencies, store: archives, record: recordAudit }),
    imports: createImports({ ...dependencies, store: prismaImportStore(database), tell: record }),
    foreignKeys,
    peppers: createPeppers({ ...shared, keys, foreignKeys, store: prismaPepperStore(database) }),
  }
}
