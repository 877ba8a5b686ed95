/** The use cases of every feature, on their stores. */
import { createAccountService } from './accounts/service.ts'
import { createDataExportService } from './data-exports/service.ts'
import { createDeletionService } from './deletion/service.ts'
import { prismaDeletionStore } from './deletion/store.prisma.ts'
import { createVerificationService } from './email/service.ts'
import { prismaVerificationStore } from './email/store.prisma.ts'
import { createPasswordChangeService } from './passwords/change/service.ts'
import { prismaPasswordChangeStore } from './passwords/change/store.prisma.ts'
import { createOwners } from './passwords/owners/owners.ts'
import { prismaOwnerStore } from './passwords/owners/store.prisma.ts'
import { createPasswordResetService } from './passwords/reset/service.ts'
import { prismaPasswordResetStore } from './passwords/reset/store.prisma.ts'
import { createPasswordService } from './passwords/service.ts'
import { createSettledGrants } from './passwords/settled-grants.ts'
import { prismaPasswordStore } from './passwords/store.prisma.ts'
import { createRoleService } from './roles/service.ts'
import { prismaRoleStore } from './roles/store.prisma.ts'
import { createFactorServices } from './second-factors/services.ts'
import type { Tools } from './tools.ts'

export type Services = ReturnType<typeof createServices>

export function createServices(tools: Tools) {
  const { database, accountStore, grantsService, catalogue } = tools
  const owners = createOwners({ ...tools, store: prismaOwnerStore(database) })
  const settleGrants = createSettledGrants(tools)
  return {
    accountService: createAccountService({ ...tools, store: accountStore }),
    verificationService: createVerificationService({ ...tools, store: prismaVerificationStore(database) }),
    passwordService: createPasswordService({ ...tools, store: prismaPasswordStore(database) }),
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
