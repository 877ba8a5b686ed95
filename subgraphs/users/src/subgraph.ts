/** Users: accounts and how people prove who they are. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type AuditChain, createAuditChain } from '@latchkey/audit'
import type { Clock, Entropy } from '@latchkey/clock'
import type { AccountNews } from '@latchkey/principal/account-news'
import type { CredentialRecords } from '@latchkey/principal/credential-records'
import type { Database } from '@latchkey/prisma'
import { createCleaning } from '@latchkey/prisma/cleanup'
import type { LaggingReads } from '@latchkey/prisma/replica'
import type { SecretVersions } from '@latchkey/secret-versions'
import type { Keyring } from '@latchkey/secrets'
import { createSubgraph, type Subgraph } from '@latchkey/subgraph'
import type { Logger } from '@latchkey/telemetry'
import { createAccountReader } from './accounts/reader.ts'
import { theOperator } from './administration/administrator.ts'
import { createAdministeredReader } from './administration/reader.ts'
import type { MailLimit } from './allowances/allowance.ts'
import { cleanupsOf } from './cleanups.ts'
import type { UsersContext } from './context.ts'
import type { DataHolderTransports } from './data-holders/data-holder.ts'
import { showUndoDeletionPage } from './deletion/undo-page.ts'
import type { EmailVerification } from './email/policy.ts'
import { showVerificationPage } from './email/verification-page.ts'
import { showConfirmEmailPage, showUndoEmailChangePage } from './email-change/pages.ts'
import { createErasureService, type ErasureService } from './erasure/service.ts'
import { prismaErasureStore } from './erasure/store.prisma.ts'
import { readTypeDefs, resolvers, rules } from './graph.ts'
import type { HashChoice } from './imports/export.ts'
import { batchesOf, countOutcomes, type ImportCounts } from './imports/ndjson.ts'
import type { ImportMode, RowReport } from './imports/service.ts'
import { createKeyRotation, type KeyRotation } from './key-rotation/service.ts'
import { prismaKeyRotationStore } from './key-rotation/store.prisma.ts'
import type { Language } from './mail/language.ts'
import type { Mailbox } from './mail/mailbox.ts'
import type { ImpersonationNotice } from './notices/impersonation.ts'
import { showNotMePage } from './notices/not-me-page.ts'
import type { MailerChoice } from './outbox/delivery.ts'
import { showPasskeysPage } from './passkeys/passkeys-page.ts'
import type { HashCost } from './passwords/hasher.ts'
import type { HashingLimits } from './passwords/hashing-queue.ts'
import type { BreachedPasswordsSource } from './passwords/policy/breached-passwords.ts'
import { showInvitationPage, showResetPage } from './passwords/reset/new-password-pages.ts'
import { createProfileReader } from './profile/reader.ts'
import type { DeclaredScope } from './roles/role.ts'
import type { Role } from './roles/role-book.ts'
import type { RoleGranted } from './roles/service.ts'
import { createServices, type Services } from './services.ts'
import { showSignInPage } from './sign-in-mails/sign-in-page.ts'
import { createTools } from './tools.ts'
import type { DeviceTrust } from './trusted-devices/trusted-device.ts'
import type { WebhookTerms } from './webhooks/webhooks.ts'

export { type LedgerEntry, readEntry, writeEntry } from './erasure/erasure.ts'
export { graph } from './graph.ts'
export type { RowsOfKey } from './key-rotation/store.ts'
export { requireBreachedFile } from './passwords/policy/breached-passwords.file.ts'
export { createRoleCatalogue, firstRole } from './roles/role.ts'
export { countOutcomes, type HashChoice, type ImportCounts, type ImportMode, type RoleGranted, type RowReport }

import { createUsersSecretVersions } from './secret-versions/service.ts'
import { prismaRegistrationIndexStore } from './secret-versions/store.prisma.ts'

/** Of an import of any size, so many rows are looked up at once. */
const rowsPerBatch = 200

/** Who is asked whether a password was in a breach, and what becomes of it when nobody can say. */
export interface BreachedPasswordsChoice {
  readonly source: BreachedPasswordsSource
  readonly whenUnknown: 'allow' | 'refuse'
}

export interface UsersDependencies {
  /** How long audit records are kept, in days: 30 at least. */
  readonly auditKeptDays: number
  /** How many rows that are over are removed at once; a thousand unless set. */
  readonly cleanupBatchRows?: number
  readonly database: Database
  /** Where lists that may lag are read: administrators' lists and figures, never what decides. The database unless set. */
  readonly laggingReads?: LaggingReads
  readonly records: CredentialRecords
  readonly keyring: Keyring
  readonly clock: Clock
  readonly entropy: Entropy
  readonly logger: Logger
  readonly hashing: HashingLimits
  /** Of the passwords that are kept from now on; what OWASP recommends, unless told. Tests have little time. */
  readonly hashCost?: HashCost
  /** Nobody is asked when it is absent. */
  readonly breachedPasswords?: BreachedPasswordsChoice
  /** Where the links in mails lead. */
  readonly publicUrl: string
  readonly mailer: MailerChoice
  /** The other subgraphs that hold something of a person, by name: how they are asked as the service `users`. */
  readonly dataHolders: DataHolderTransports
  /** What mails are written in for people who chose no language; English unless set. */
  readonly defaultLanguage?: Language
  /** What may be done before an address is confirmed; nothing unless set. */
  readonly emailVerification?: EmailVerification
  /** Whether a device is trusted; unless a role asks for a second factor, when nothing is said. */
  readonly deviceTrust?: DeviceTrust
  /** Whether a person is told by mail that support staff opened their account; they are unless set. */
  readonly impersonationNotice?: ImpersonationNotice
  /** Mails that may be asked for from one network; 30 in 10 minutes unless set. */
  readonly mailsPerNetwork?: MailLimit | 'unlimited'
  /** JSON with a JSON Schema for each bucket of metadata; without one a bucket holds any object. */
  readonly profileSchemas?: string | null
  /** Where it is told what happens to accounts; nowhere unless said. */
  readonly news?: Pick<AccountNews, 'tell' | 'listenedTo'>
  /** Where webhooks may go; to public addresses by TLS unless set. */
  readonly webhooks?: WebhookTerms
  /** Scopes that other subgraphs declare, with the roles that hold them from the start. */
  readonly declaredScopes?: () => readonly DeclaredScope[]
}

export interface UsersApplication {
  readonly subgraph: Subgraph
  /** The operator's way to the first administrator. */
  grantRole(email: string, role: string): Promise<RoleGranted>
  /** Every role, with all that it permits. */
  roles(): Promise<readonly Role[]>
  /** Whose account the address is of; `null`: nobody's. */
  accountIdOf(email: string): Promise<string | null>
  /** The operator's hand in erasing people, and in having it done again after a restore. */
  readonly erasure: ErasureService
  /** The operator's way to move what is stored to the newest keys. */
  readonly keyRotation: KeyRotation
  /** Which rows stand under which version of a secret. */
  readonly secretVersions: SecretVersions
  /** What keeps audit records from being changed unseen. */
  readonly auditChain: AuditChain
  /** The operator's way to bring accounts from a file, batch by batch; what comes of each row. */
  importUsers(lines: AsyncIterable<string>, mode: ImportMode): AsyncIterable<readonly RowReport[]>
  /** The rows that an import takes: every active account, a line each. */
  exportUsers(hashes: HashChoice): AsyncIterable<string>
  /** What was sent, when it is shown instead of sent. */
  readonly mail: Mailbox | null
  /** Pages besides the graph, by exact path. */
  readonly routes: Readonly<Record<string, (request: IncomingMessage, response: ServerResponse) => void>>
  /** Does what is due of cleaning up and nobody else is at. */
  clean(): Promise<void>
  /** Begins to deliver and to clean up. */
  start(): void
  /** Resolves when nothing is under way. Closes neither the database nor the records. */
  close(): Promise<void>
}

export function createUsersSubgraph(dependencies: UsersDependencies): UsersApplication {
  const { clock, logger } = dependencies
  const tools = createTools(dependencies)
  const { worker, mailbox, catalogueWatch, sentWebhooks } = tools
  const services = createServices(tools)
  // Made once: this goes into every operation.
  const readerTools = { store: tools.accountStore, personalData: tools.personalData }
  const administered = createAdministeredReader({ store: tools.administrationStore, personalData: tools.personalData })
  const erasure = createErasureService({
    ...tools,
    store: prismaErasureStore(dependencies.database),
    accounts: tools.accountStore,
    publishGrants: tools.grantsService.publish,
  })
  const auditChain = createAuditChain({ ...dependencies, schema: 'users' })
  const cleaning = createCleaning({
    ...{ ...dependencies, schema: 'users', batchRows: dependencies.cleanupBatchRows },
    cleanups: cleanupsOf({ ...tools, erasure, auditChain }),
  })
  const keyRotation = createKeyRotation({ ...tools, store: prismaKeyRotationStore(dependencies.database) })
  const subgraph = createSubgraph<UsersContext, Services & Pick<UsersContext, 'administered'>>({
    name: 'users',
    typeDefs: readTypeDefs(),
    resolvers,
    rules,
    services: { ...services, administered },
    contextFor: (_principal, { client }) => ({
      client,
      askedAt: clock.now(),
      accounts: createAccountReader(readerTools),
      profiles: createProfileReader(tools),
    }),
    logger,
    clock,
  })

  return {
    subgraph,
    grantRole: (email, role) => services.roleService.grant({ email, role }),
    roles: () => services.roleService.roles(),
    accountIdOf: services.roleService.accountIdOf,
    erasure,
    auditChain,
    keyRotation,
    secretVersions: createUsersSecretVersions({
      ...{ ...tools, keyRotation, store: prismaRegistrationIndexStore(dependencies.database) },
    }),
    async *importUsers(lines, mode) {
      for await (const batch of batchesOf(lines, rowsPerBatch))
        yield await services.importService.importBatch(batch, mode, theOperator)
    },
    exportUsers: services.exportLines,
    mail: mailbox,
    clean: cleaning.clean,
    routes: {
      '/verify-email': showVerificationPage,
      '/reset-password': showResetPage,
      '/accept-invitation': showInvitationPage,
      '/undo-deletion': showUndoDeletionPage,
      '/confirm-email': showConfirmEmailPage,
      '/undo-email-change': showUndoEmailChangePage,
      '/not-me': showNotMePage,
      '/sign-in': showSignInPage,
      ...(mailbox ? { '/dev/mail': mailbox.handle, '/dev/passkeys': showPasskeysPage } : {}),
    },
    start() {
      worker.start()
      cleaning.start()
      catalogueWatch.start()
      auditChain.start()
      sentWebhooks.worker.start()
    },
    async close() {
      await sentWebhooks.worker.close()
      await Promise.all([cleaning.close(), catalogueWatch.close(), auditChain.close()])
      await worker.close()
    },
  }
}
