/** What every resolver of Users finds in its context. */
import type { GuardedContext } from '@latchkey/subgraph/guard'
import type { Client } from '@latchkey/subgraph/transport'
import type { AccountReader } from './accounts/reader.ts'
import type { AccountService } from './accounts/service.ts'
import type { VerificationService } from './email/service.ts'
import type { GrantsService } from './grants/service.ts'
import type { PasswordService } from './passwords/service.ts'
import type { RoleCatalogue } from './roles/role.ts'

export interface UsersServices {
  readonly accountService: AccountService
  readonly verificationService: VerificationService
  readonly passwordService: PasswordService
  readonly grantsService: GrantsService
  readonly roleCatalogue: RoleCatalogue
}

export interface UsersContext extends GuardedContext, UsersServices {
  /** When the operation began. */
  readonly askedAt: Date
  /** Where it came from, when that is known. */
  readonly client: Client | undefined
  /** One per operation: it remembers what it has read. */
  readonly accounts: AccountReader
}
