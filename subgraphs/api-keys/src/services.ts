/** The features' services, made of one another, and what runs beside requests. */
import { createAuditChain, prismaRecordReader, prismaRecordTail, tellRecords, tellTail } from '@latchkey/audit'
import { createKeyCheck } from '@latchkey/principal/key-check'
import { createKeyProof } from '@latchkey/principal/key-proof'
import { createCleaning } from '@latchkey/prisma/cleanup'
import { createAccessService } from './access/service.ts'
import { prismaAccessStore } from './access/store.prisma.ts'
import { createAccessWatch } from './access/watch.ts'
import { createBackup } from './backup/service.ts'
import { prismaArchiveStore } from './backup/store.prisma.ts'
import { cleanupsOf } from './cleanups.ts'
import type { ApiKeysDependencies } from './dependencies.ts'
import { createForeignKeys } from './foreign-keys/service.ts'
import { createSlowHashCheck } from './foreign-keys/slow-hash.ts'
import { prismaForeignKeyStore } from './foreign-keys/store.prisma.ts'
import { createWrongTries } from './foreign-keys/wrong-tries.ts'
import { createImports } from './imports/service.ts'
import { prismaImportStore } from './imports/store.prisma.ts'
import { createKeyService } from './keys/service.ts'
import { prismaApiKeyStore, writeAudit } from './keys/store.prisma.ts'
import type { AuditRecord } from './keys/trail.ts'
import { createLifecycle } from './lifecycle/service.ts'
import { prismaLifecycleStore } from './lifecycle/store.prisma.ts'
import { createScribe } from './limits/scribe.ts'
import { createBalances } from './limits/service.ts'
import { prismaUsesStore } from './limits/store.prisma.ts'
import { createMassRevocation } from './mass-revocation/service.ts'
import { prismaMatchingStore } from './mass-revocation/store.prisma.ts'
import { createLookOut } from './notices/look-out.ts'
import { createNotices } from './notices/service.ts'
import { prismaNoticeStore } from './notices/store.prisma.ts'
import { usersTellOwner } from './notices/tell-owner.users.ts'
import { prismaOutboxStore } from './outbox/store.prisma.ts'
import { createOutboxWorker } from './outbox/worker.ts'
import { createOwnerTurns } from './owner-turns.ts'
import { usersOwnerStandings } from './owners/standing.users.ts'
import { createPeppers } from './peppers/service.ts'
import { prismaPepperStore } from './peppers/store.prisma.ts'
import { createPrivacy } from './privacy/service.ts'
import { prismaOwnerStore } from './privacy/store.prisma.ts'
import { createUnused } from './unused/service.ts'
import { prismaUnusedStore } from './unused/store.prisma.ts'
import { createUsageCounter } from './usage/counter.ts'
import { prismaCountingStore } from './usage/counts.prisma.ts'
import { createUsage } from './usage/service.ts'
import { prismaUsageStore } from './usage/store.prisma.ts'
import { usersGrants } from './verification/grants.users.ts'
import { createVerificationService } from './verification/service.ts'
import { prismaSightingStore } from './verification/sightings.prisma.ts'
import { createSightings } from './verification/sightings.ts'
import { createKeyVerifier } from './verification/verifier.ts'
import { createWithdrawal } from './withdrawal/service.ts'
import { prismaWithdrawalStore } from './withdrawal/store.prisma.ts'

export type Services = ReturnType<typeof createServices>

/** What resolvers find in their context. */
export function createServices(dependencies: ApiKeysDependencies) {
  const { database, laggingReads = database, records, users, clock } = dependencies
  const inOwnersTurn = createOwnerTurns()
  const store = prismaApiKeyStore(database, inOwnersTurn)
  const verification = createVerificationService({ store, records })
  const { announce } = verification
  const changes = prismaLifecycleStore(database, inOwnersTurn)
  const ownerOf = async (keyId: string) => (await store.byId(keyId))?.ownerId ?? null
  const transfer = createTransfer(dependencies, { store, verification })
  return {
    keys: createKeyService({ ...dependencies, store, announce, standings: usersOwnerStandings(users) }),
    lifecycle: createLifecycle({ ...dependencies, store: changes, announce, ownerOf }),
    verification,
    verifier: createVerifier(dependencies, { verification, transfer }),
    privacy: createPrivacy({ ...dependencies, store: prismaOwnerStore(database, inOwnersTurn) }),
    withdrawal: createWithdrawal({ ...dependencies, store: prismaWithdrawalStore(database, inOwnersTurn), announce }),
    access: createAccessService({ ...dependencies, store: prismaAccessStore(database), changes, announce, ownerOf }),
    usage: createUsage({
      ...dependencies,
      store: prismaUsageStore(database, laggingReads),
      retention: dependencies.usageKept,
    }),
    balances: createBalances({ ...dependencies, store: prismaUsesStore(database) }),
    massRevocation: createMassRevocation({
      ...{ ...dependencies, announce, keys: store, store: prismaMatchingStore(database) },
    }),
    auditRecords: tellRecords(prismaRecordReader(laggingReads, 'api_keys')),
    auditTail: tellTail(prismaRecordTail(database, 'api_keys')),
    unused: createUnused({ store: prismaUnusedStore(database), clock }),
    ...transfer,
  }
}

interface Recognition {
  readonly store: ReturnType<typeof prismaApiKeyStore>
  readonly verification: ReturnType<typeof createVerificationService>
}

/** Keys in files, and under other hashes than the newest of ours. */
function createTransfer(dependencies: ApiKeysDependencies, { store: keys, verification }: Recognition) {
  const { database, clock } = dependencies
  const { announce, record } = verification
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

/** Judges keys as the gateway does. */
function createVerifier(
  dependencies: ApiKeysDependencies,
  { verification, transfer }: Pick<Recognition, 'verification'> & { transfer: ReturnType<typeof createTransfer> },
) {
  const { database, users, keyring, budgets, clock } = dependencies
  const asked = { service: 'api-keys', requestId: 'verify-api-key' }
  const check = createKeyCheck({
    ...dependencies,
    loadApiKey: verification.record,
    loadGrants: usersGrants(users),
    foreignKeyIdOf: async (text) => (await transfer.foreignKeys.recognise(text, asked))?.keyId ?? null,
    provesKey: createKeyProof(keyring),
  })
  const noteSighting = createSightings({ ...dependencies, store: prismaSightingStore(database) })
  return createKeyVerifier({ check, budgets, noteSighting, clock })
}

/** What runs beside requests. */
export function createUpkeep(dependencies: ApiKeysDependencies, { verification, access }: Services) {
  const { database, users, budgets, usageStream, usageKept, noticePauseMs: pauseMs, logger } = dependencies
  const tellOwner = usersTellOwner(users)
  const notices = createNotices({ ...dependencies, store: prismaNoticeStore(database), tellOwner })
  const keyChanged = async (keyId: string) => {
    await verification.record(keyId)
    await access.checkOne(keyId)
  }
  const errands = { 'key-notice': notices.deliver }
  const auditChain = createAuditChain({ ...dependencies, schema: 'api_keys' })
  return {
    notices,
    outbox: createOutboxWorker({ ...dependencies, store: prismaOutboxStore(database), keyChanged, errands }),
    watch: createAccessWatch({ ...dependencies, check: access.check }),
    counter: createUsageCounter({
      ...{ ...dependencies, store: prismaCountingStore(database, usageKept), usage: usageStream },
    }),
    scribe: createScribe({ ...dependencies, tally: budgets, store: prismaUsesStore(database) }),
    auditChain,
    cleaning: createCleaning({
      ...{ ...dependencies, schema: 'api_keys', batchRows: dependencies.cleanupBatchRows },
      cleanups: cleanupsOf(auditChain, usageKept),
    }),
    lookOut: createLookOut({ notices, logger, pauseMs }),
  }
}
