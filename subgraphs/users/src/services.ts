/** The use cases of every feature, on their stores. */
import { createAccountService } from './accounts/service.ts'
import { createDataExportService } from './data-exports/service.ts'
import { createDeletionService } from './deletion/service.ts'
import { prismaDeletionStore } from './deletion/store.prisma.ts'
import { admitsUnconfirmedSince } from './email/policy.ts'
import { createVerificationService } from './email/service.ts'
import { prismaVerificationStore } from './email/store.prisma.ts'
import { createEmailChangeService } from './email-change/service.ts'
import { prismaEmailChangeStore } from './email-change/store.prisma.ts'
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
import { createRoleService } from './roles/service.ts'
import { prismaRoleStore } from './roles/store.prisma.ts'
import { createFactorServices } from './second-factors/services.ts'
import { createSecurityEventService } from './security-events/service.ts'
import { prismaSecurityEventStore } from './security-events/store.prisma.ts'
import type { Tools } from './tools.ts'

export type Services = ReturnType<typeof createServices>

export function createServices(tools: Tools) {
  const { database, accountStore, grantsService, catalogue, clock } = tools
  const owners = createOwners({ ...tools, store: prismaOwnerStore(database) })
  const settleGrants = tools.tellGrants
  return {
    accountService: createAccountService({ ...tools, store: accountStore }),
    verificationService: createVerificationService({
      ...tools,
      store: prismaVerificationStore(database),
    }),
    emailChangeService: createEmailChangeService({ ...tools, store: prismaEmailChangeStore(database) }),
    notMeService: createNotMeService({ ...tools, store: prismaNotMeStore(database) }),
    profileService: createProfileService({
      ...tools,
      store: tools.profileStore,
      schemas: createMetadataSchemas(tools.profileSchemas ?? null),
    }),
    securityEventService: createSecurityEventService({ ...tools, store: prismaSecurityEventStore(database) }),
    passwordService: createPasswordService({
      ...tools,
      store: prismaPasswordStore(database, () => admitsUnconfirmedSince(tools.emailVerification, clock.now())),
    }),
    passwordChangeService: createPasswordChangeService({
      ...{ ...tools, owners, settleGrants },
      store: prismaPasswordChangeStore(database),
    }),
    passwordResetService: createPasswordResetService({
      ...{ ...tools, owners, settleGrants },
      store: prismaPasswordResetStore(database),
    }),
    roleService: createRoleService({
      ...tools,
      store: prismaRoleStore(database),
      accounts: accountStore,
      publishGrants: grantsService.publish,
    }),
    deletionService: createDeletionService({
      ...tools,
      store: prismaDeletionStore(database),
      publishGrants: grantsService.publish,
    }),
    dataExportService: createDataExportService({ ...tools, store: tools.dataExportStore }),
    ...createFactorServices(tools),
    grantsService,
    roleCatalogue: catalogue,
  }
}
