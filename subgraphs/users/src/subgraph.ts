/** Users: accounts and how people prove who they are. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock, Entropy } from '@latchkey/clock'
import type { CredentialRecords } from '@latchkey/principal/credential-records'
import type { Database } from '@latchkey/prisma'
import type { Keyring } from '@latchkey/secrets'
import { createSubgraph, type Subgraph } from '@latchkey/subgraph'
import type { Logger } from '@latchkey/telemetry'
import { createPersonalData } from './accounts/personal-data.ts'
import { createAccountReader } from './accounts/reader.ts'
import { createAccountService } from './accounts/service.ts'
import { prismaAccountStore } from './accounts/store.prisma.ts'
import { createAudit, operator } from './audit/audit.ts'
import type { UsersContext } from './context.ts'
import { createBlindIndexer } from './email/blind-index.ts'
import { createVerificationService } from './email/service.ts'
import { prismaVerificationStore } from './email/store.prisma.ts'
import { showVerificationPage } from './email/verification-page.ts'
import { createGrantsService } from './grants/service.ts'
import { prismaGrantsStore } from './grants/store.prisma.ts'
import { readTypeDefs, resolvers, rules } from './graph.ts'
import type { Mailbox } from './mail/mailbox.ts'
import { prismaMailStore } from './mail/store.prisma.ts'
import { createDelivery, type MailerChoice } from './outbox/delivery.ts'
import { createOutbox, deliveredKeptMs } from './outbox/outbox.ts'
import { prismaOutboxStore } from './outbox/store.prisma.ts'
import { createPasswordHasher } from './passwords/hasher.ts'
import { createHashingQueue, type HashingLimits } from './passwords/hashing-queue.ts'
import { createPasswordService } from './passwords/service.ts'
import { prismaPasswordStore } from './passwords/store.prisma.ts'
import { createRoleCatalogue, type DeclaredScope } from './roles/role.ts'
import { createRoleService, type RoleGranted } from './roles/service.ts'
import { prismaRoleStore } from './roles/store.prisma.ts'
import { createTidying } from './tidying.ts'

export type { RoleGranted }

export interface UsersDependencies {
  readonly database: Database
  readonly records: CredentialRecords
  readonly keyring: Keyring
  readonly clock: Clock
  readonly entropy: Entropy
  readonly logger: Logger
  readonly hashing: HashingLimits
  /** Where the links in mails lead. */
  readonly publicUrl: string
  readonly mailer: MailerChoice
  /** Scopes that other subgraphs declare, with the roles that hold them from the start. */
  readonly declaredScopes?: readonly DeclaredScope[]
}

export interface UsersApplication {
  readonly subgraph: Subgraph
  /** The operator's way to the first administrator. */
  grantRole(email: string, role: string): Promise<RoleGranted>
  /** What was sent, when it is shown instead of sent. */
  readonly mail: Mailbox | null
  /** Pages besides the graph, by exact path. */
  readonly routes: Readonly<Record<string, (request: IncomingMessage, response: ServerResponse) => void>>
  /** Begins to deliver and to tidy. */
  start(): void
  /** Resolves when nothing is under way. Closes neither the database nor the records. */
  close(): Promise<void>
}

export function createUsersSubgraph(dependencies: UsersDependencies): UsersApplication {
  const { database, clock, logger } = dependencies
  const tools = createTools(dependencies)
  const grantsService = createGrantsService({ ...tools, store: prismaGrantsStore(database) })
  const outboxStore = prismaOutboxStore(database)
  const { worker, mailbox } = createDelivery({
    ...tools,
    store: outboxStore,
    mails: prismaMailStore(database),
    grants: grantsService,
  })
  const accountStore = prismaAccountStore(database)
  const verificationService = createVerificationService({ ...tools, store: prismaVerificationStore(database) })
  const services = {
    accountService: createAccountService({ ...tools, store: accountStore, wakeOutbox: worker.wake }),
    verificationService,
    passwordService: createPasswordService({ ...tools, store: prismaPasswordStore(database) }),
    grantsService,
    roleCatalogue: tools.catalogue,
  }
  // Made once: this goes into every operation.
  const readerTools = { store: accountStore, personalData: tools.personalData }
  const roleService = createRoleService({
    ...tools,
    store: prismaRoleStore(database),
    accounts: accountStore,
    publishGrants: grantsService.publish,
  })
  const tidying = createTidying(async () => {
    await verificationService.tidy()
    await outboxStore.forgetDelivered(new Date(clock.now().getTime() - deliveredKeptMs))
  }, logger)
  const subgraph = createSubgraph<UsersContext>({
    name: 'users',
    typeDefs: readTypeDefs(),
    resolvers,
    rules,
    // Assigned and not spread: V8 takes a microsecond more for a spread that another field follows.
    contextFor: () => Object.assign({ accounts: createAccountReader(readerTools) }, services),
    logger,
  })

  return {
    subgraph,
    grantRole: (email, role) => roleService.grant({ email, role }, operator),
    mail: mailbox,
    routes: { '/verify-email': showVerificationPage, ...(mailbox ? { '/dev/mail': mailbox.handle } : {}) },
    start() {
      worker.start()
      tidying.start()
    },
    async close() {
      await tidying.stop()
      await worker.close()
    },
  }
}

/** What several features share. */
function createTools(dependencies: UsersDependencies) {
  const { keyring, clock, entropy, hashing, declaredScopes, publicUrl } = dependencies
  return {
    ...dependencies,
    publicUrl: publicUrl.replace(/\/+$/, ''),
    audit: createAudit({ clock, entropy }),
    outbox: createOutbox({ keyring, clock, entropy }),
    indexer: createBlindIndexer(keyring),
    personalData: createPersonalData({ keyring, entropy }),
    catalogue: createRoleCatalogue(declaredScopes),
    hasher: createPasswordHasher({ ...dependencies, queue: createHashingQueue(hashing, clock) }),
  }
}
