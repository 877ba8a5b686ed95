/** The use cases of every feature, on their stores. */

import { prismaRecordReader } from '@latchkey/audit'
import { createAccountService } from './accounts/service.ts'
import { createDetailsService } from './administration/details-service.ts'
import { createAdministrationService } from './administration/service.ts'
import { toldRecords } from './audit-events/readers.ts'
import { createAuditEventService } from './audit-events/service.ts'
import { createDataExportService } from './data-exports/service.ts'
import { createDeletionService } from './deletion/service.ts'
import { prismaDeletionStore } from './deletion/store.prisma.ts'
import { admitsUnconfirmedSince } from './email/policy.ts'
import { createVerificationService } from './email/service.ts'
import { prismaVerificationStore } from './email/store.prisma.ts'
import { createEmailChangeService } from './email-change/service.ts'
import { prismaEmailChangeStore } from './email-change/store.prisma.ts'
import { prismaGrantsStore } from './grants/store.prisma.ts'
import { createExport } from './imports/export.ts'
import { createImportService } from './imports/service.ts'
import { prismaImportStore } from './imports/store.prisma.ts'
import { createOpenedAccounts } from './invitations/opened-account.ts'
import { createInvitationService } from './invitations/service.ts'
import { prismaInvitationStore } from './invitations/store.prisma.ts'
import { createKeyNotices } from './key-notices/service.ts'
import { createListingService } from './listing/service.ts'
import { prismaListStore } from './listing/store.prisma.ts'
import { createImpersonations } from './notices/impersonation.ts'
import { prismaNewDeviceWriter } from './notices/new-device.prisma.ts'
import { createNewDevices } from './notices/new-device.ts'
import { createNotMeService } from './notices/service.ts'
import { prismaNotMeStore } from './notices/store.prisma.ts'
import { createPasswordChangeService } from './passwords/change/service.ts'
import { prismaPasswordChangeStore } from './passwords/change/store.prisma.ts'
import { createOwners } from './passwords/owners/owners.ts'
import { prismaOwnerStore } from './passwords/owners/store.prisma.ts'
import { createPasswordResetService } from './passwords/reset/service.ts'
import { prismaPasswordResetStore } from './passwords/reset/store.prisma.ts'
import { createPasswordService } from './passwords/service.ts'
import { prismaPasswordStore } from './passwords/store.prisma.ts'
import { createMetadataSchemas } from './profile/schema.ts'
import { createProfileService } from './profile/service.ts'
import { createRoleDefinitionService } from './roles/definition-service.ts'
import { createRoleService } from './roles/service.ts'
import { createFactorServices } from './second-factors/services.ts'
import { createSecurityEventService } from './security-events/service.ts'
import { prismaSecurityEventStore } from './security-events/store.prisma.ts'
import { createServiceAccountService } from './service-accounts/service.ts'
import { prismaServiceAccountStore } from './service-accounts/store.prisma.ts'
import { prismaSessionLimits } from './session-limits/store.prisma.ts'
import { createSignInMailService } from './sign-in-mails/service.ts'
import { prismaSignInMailStore } from './sign-in-mails/store.prisma.ts'
import { createStoppedSignIns } from './stopped-sign-ins/service.ts'
import type { Tools } from './tools.ts'

export type Services = ReturnType<typeof createServices>

export function createServices(tools: Tools) {
  const { database, laggingReads: lists = database, accountStore, grantsService, catalogue, roleStore, clock } = tools
  const roleService = createRoleService({ ...tools, store: roleStore, accounts: accountStore })
  const { book } = roleService
  const schemas = createMetadataSchemas(tools.profileSchemas ?? null)
  const administering = { ...tools, store: tools.administrationStore, book, schemas }
  const invitationStore = prismaInvitationStore(database)
  const openedAccount = createOpenedAccounts(tools)
  const importStore = prismaImportStore(database)
  const owners = createOwners({ ...tools, store: prismaOwnerStore(database) })
  return {
    accountService: createAccountService({ ...tools, store: accountStore }),
    verificationService: createVerificationService({
      ...tools,
      store: prismaVerificationStore(database),
    }),
    emailChangeService: createEmailChangeService({ ...tools, store: prismaEmailChangeStore(database) }),
    newDevices: createNewDevices({ ...tools, write: prismaNewDeviceWriter(database) }),
    stoppedSignIns: createStoppedSignIns({ ...tools, write: prismaNewDeviceWriter(database) }),
    impersonations: createImpersonations({
      ...tools,
      grants: prismaGrantsStore(database),
      write: prismaNewDeviceWriter(database),
      notice: tools.impersonationNotice ?? 'mail',
    }),
    notMeService: createNotMeService({ ...tools, store: prismaNotMeStore(database) }),
    profileService: createProfileService({
      ...tools,
      book,
      store: tools.profileStore,
      schemas,
    }),
    auditEventService: createAuditEventService({
      readers: {
        users: prismaRecordReader(lists, 'users'),
        ...Object.fromEntries(
          Object.entries(tools.dataHolders).map(([name, transport]) => [
            name,
            toldRecords(name, transport, tools.entropy),
          ]),
        ),
      },
    }),
    webhookEndpointService: tools.sentWebhooks.webhookEndpointService,
    webhookDeliveryService: tools.sentWebhooks.webhookDeliveryService,
    securityEventService: createSecurityEventService({ ...tools, store: prismaSecurityEventStore(database) }),
    passwordService: createPasswordService({
      ...tools,
      store: prismaPasswordStore(database, () => admitsUnconfirmedSince(tools.emailVerification, clock.now())),
    }),
    passwordChangeService: createPasswordChangeService({
      ...{ ...tools, owners },
      store: prismaPasswordChangeStore(database),
    }),
    passwordResetService: createPasswordResetService({
      ...{ ...tools, owners },
      store: prismaPasswordResetStore(database),
    }),
    roleService,
    sessionLimits: prismaSessionLimits(database),
    roleDefinitionService: createRoleDefinitionService({ ...tools, store: roleStore, book }),
    administrationService: createAdministrationService({
      ...administering,
      serviceAccounts: prismaServiceAccountStore(database),
    }),
    detailsService: createDetailsService(administering),
    listingService: createListingService({ ...tools, store: prismaListStore(lists) }),
    invitationService: createInvitationService({
      ...tools,
      store: invitationStore,
      accounts: accountStore,
      book,
      openedAccount,
    }),
    deletionService: createDeletionService({
      ...tools,
      store: prismaDeletionStore(database),
      book,
    }),
    dataExportService: createDataExportService({ ...tools, store: tools.dataExportStore }),
    serviceAccountService: createServiceAccountService({
      ...tools,
      store: prismaServiceAccountStore(database),
      book,
    }),
    keyNotices: createKeyNotices({ ...tools, store: prismaServiceAccountStore(database) }),
    ...createFactorServices(tools),
    signInMailService: createSignInMailService({ ...tools, store: prismaSignInMailStore(database) }),
    importService: createImportService({ ...tools, store: importStore, invitationStore, book, openedAccount }),
    exportLines: createExport({ ...tools, store: importStore }),
    grantsService,
    roleCatalogue: catalogue,
  }
}
