/** What an account is permitted now, told to every process through the credential records. */
import type { CredentialRecords, GrantsRecord } from '@latchkey/principal/credential-records'
import { isAccountId } from '../accounts/account.ts'
import type { RoleCatalogue } from '../roles/role.ts'
import type { GrantsStore } from './store.ts'

export interface GrantsDependencies {
  readonly store: GrantsStore
  readonly records: CredentialRecords
  readonly catalogue: RoleCatalogue
}

export interface GrantsService {
  /** Reads what the account is permitted, puts it into the records and answers it; `null` for an unknown account. */
  publish(userId: string): Promise<GrantsRecord | null>
}

export const createGrantsService = ({ store, records, catalogue }: GrantsDependencies): GrantsService => ({
  async publish(userId) {
    const stored = isAccountId(userId) ? await store.byUser(userId) : null
    if (!stored) return null
    const { epoch, active, roles, sessionEpoch, sessionKept } = stored
    const scopes = catalogue.scopesOf(roles)
    const grants = { userId, epoch, active, roles, scopes, sessionEpoch, sessionKept }
    await records.putGrants(grants)
    return grants
  },
})
