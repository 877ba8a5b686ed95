/** What every resolver of Users finds in its context. */
import type { GuardedContext } from '@latchkey/subgraph/guard'
import type { Client } from '@latchkey/subgraph/transport'
import type { AccountReader } from './accounts/reader.ts'
import type { AdministeredReader } from './administration/reader.ts'
import type { ProfileReader } from './profile/reader.ts'
import type { Services } from './services.ts'

export interface UsersContext extends GuardedContext, Services {
  /** When the operation began. */
  readonly askedAt: Date
  /** Where it came from, when that is known. */
  readonly client: Client | undefined
  /** One per operation: it remembers what it has read. */
  readonly accounts: AccountReader
  readonly profiles: ProfileReader
  readonly administered: AdministeredReader
}
