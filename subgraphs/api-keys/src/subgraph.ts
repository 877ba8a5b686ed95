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
import type { SubgraphTransport } from '@latchkey/subgraph/transport'
import type { Logger } from '@latchkey/telemetry'
import { type KeyContext, keyResolvers } from './keys/resolvers.ts'
import { keyRules } from './keys/rules.ts'
import { createKeyService } from './keys/service.ts'
import { prismaApiKeyStore } from './keys/store.prisma.ts'
import { type LifecycleContext, lifecycleResolvers } from './lifecycle/resolvers.ts'
import { lifecycleRules } from './lifecycle/rules.ts'
import { createLifecycle } from './lifecycle/service.ts'
import { prismaLifecycleStore } from './lifecycle/store.prisma.ts'
import { type MassRevocationContext, massRevocationResolvers } from './mass-revocation/resolvers.ts'
import { massRevocationRules } from './mass-revocation/rules.ts'
import { createMassRevocation } from './mass-revocation/service.ts'
import { prismaMatchingStore } from './mass-revocation/store.prisma.ts'
import { createLookOut } from './notices/look-out.ts'
import { createNotices } from './notices/service.ts'
import { prismaNoticeStore } from './notices/store.prisma.ts'
import { usersTellOwner } from './notices/tell-owner.users.ts'
import { prismaOutboxStore } from './outbox/store.prisma.ts'
import { createOutboxWorker } from './outbox/worker.ts'
import { usersOwnerStandings } from './owners/standing.users.ts'
import { type PrivacyContext, privacyResolvers } from './privacy/resolvers.ts'
import { privacyRules } from './privacy/rules.ts'
import { createPrivacy } from './privacy/service.ts'
import { prismaOwnerStore } from './privacy/store.prisma.ts'
import { type UnusedContext, unusedResolvers } from './unused/resolvers.ts'
import { unusedRules } from './unused/rules.ts'
import { createUnused } from './unused/service.ts'
import { prismaUnusedStore } from './unused/store.prisma.ts'
import type { UnusedKey } from './unused/store.ts'
import { type VerificationContext, verificationResolvers } from './verification/resolvers.ts'
import { verificationRules } from './verification/rules.ts'
import { createVerificationService } from './verification/service.ts'
import { type WithdrawalContext, withdrawalResolvers } from './withdrawal/resolvers.ts'
import { withdrawalRules } from './withdrawal/rules.ts'
import { createWithdrawal } from './withdrawal/service.ts'
import { prismaWithdrawalStore } from './withdrawal/store.prisma.ts'

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
  /** How Users is asked: as the service `api-keys`. */
  readonly users: SubgraphTransport
  /** How long it rests between two looks for keys that end soon; five minutes unless set. */
  readonly noticePauseMs?: number | undefined
}

export interface ApiKeysApplication {
  readonly subgraph: Subgraph
  /** The operator's way to keys that nothing uses: everybody's, batch by batch. */
  unusedKeys(days: number): AsyncIterable<readonly UnusedKey[]>
  /** Looks once for keys of whose end their owners have to hear; how many notices were written. */
  lookForNotices(): Promise<number>
  /** Begins to deliver the outbox, and to look for keys that end soon. */
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
  massRevocationRules,
  unusedRules,
)

type ApiKeysContext = KeyContext &
  LifecycleContext &
  VerificationContext &
  PrivacyContext &
  WithdrawalContext &
  MassRevocationContext &
  UnusedContext

const resolvers: Resolvers<ApiKeysContext> = joinTypes<Resolvers<ApiKeysContext>[string]>(
  keyResolvers,
  lifecycleResolvers,
  verificationResolvers,
  privacyResolvers,
  withdrawalResolvers,
  massRevocationResolvers,
  unusedResolvers,
)

export function createApiKeysSubgraph(dependencies: ApiKeysDependencies): ApiKeysApplication {
  const { database, records, keyring, clock, logger, users } = dependencies
  const store = prismaApiKeyStore(database)
  const verification = createVerificationService({ store, records })
  const keys = createKeyService({
    ...dependencies,
    store,
    announce: verification.announce,
    standings: usersOwnerStandings(users),
  })
  const lifecycleStore = prismaLifecycleStore(database)
  const lifecycle = createLifecycle({
    ...{ ...dependencies, store: lifecycleStore, announce: verification.announce },
    ownerOf: async (keyId) => (await store.byId(keyId))?.ownerId ?? null,
  })
  const massRevocation = createMassRevocation({
    ...{ ...dependencies, announce: verification.announce, keys: store },
    store: prismaMatchingStore(database),
  })
  const unused = createUnused({ store: prismaUnusedStore(database), clock })
  const notices = createNotices({
    ...dependencies,
    store: prismaNoticeStore(database),
    tellOwner: usersTellOwner(users),
  })
  const lookOut = createLookOut({ notices, logger, pauseMs: dependencies.noticePauseMs })
  const privacy = createPrivacy({ ...dependencies, store: prismaOwnerStore(database) })
  const withdrawalStore = prismaWithdrawalStore(database)
  const withdrawal = createWithdrawal({ ...dependencies, store: withdrawalStore, announce: verification.announce })
  const outbox = prismaOutboxStore(database)
  const worker = createOutboxWorker({
    store: outbox,
    keyChanged: verification.record,
    errands: { 'key-notice': notices.deliver },
    keyring,
    clock,
    logger,
  })

  const subgraph = createSubgraph<ApiKeysContext, Omit<ApiKeysContext, keyof GuardedContext>>({
    name: 'api-keys',
    typeDefs: readFileSync(new URL('../schema.graphql', import.meta.url), 'utf8'),
    resolvers,
    rules: apiKeysRules,
    services: { keys, lifecycle, verification, privacy, withdrawal, massRevocation, unused },
    contextFor: () => ({}),
    logger,
  })
  return {
    subgraph,
    unusedKeys: unused.report,
    lookForNotices: () => notices.look(),
    start() {
      worker.start()
      lookOut.start()
    },
    async close() {
      await Promise.all([worker.close(), lookOut.close()])
    },
  }
}
