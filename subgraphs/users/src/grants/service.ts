/** What an account is permitted now, told to every process through the credential records. */
import type { Clock } from '@latchkey/clock'
import type { CredentialRecords, GrantsRecord } from '@latchkey/principal/credential-records'
import { isAccountId } from '../accounts/account.ts'
import { isActive } from '../administration/standing.ts'
import type { RoleCatalogue } from '../roles/role.ts'
import type { GrantsStore, StoredGrants } from './store.ts'

export interface GrantsDependencies {
  readonly store: GrantsStore
  readonly records: CredentialRecords
  readonly catalogue: RoleCatalogue
  readonly clock: Clock
}

export interface GrantsService {
  /** Reads what the account is permitted, puts it into the records and answers it; `null` for an unknown account. */
  publish(userId: string): Promise<GrantsRecord | null>
  /** The same for everyone who holds a role, by way of another one too: two round trips for each thousand of them. */
  publishHolders(role: string): Promise<void>
}

const holdersPerRead = 1_000

export function createGrantsService({ store, records, catalogue, clock }: GrantsDependencies): GrantsService {
  const known = new Set(catalogue.scopes.map(({ name }) => name))

  function recordOf(stored: StoredGrants): GrantsRecord {
    const { id, epoch, sessionEpoch, sessionKept } = stored
    const roles = stored.roles.map(({ name }) => name)
    // A scope that no schema declares any more permits nothing.
    const added = stored.roles.flatMap((role) => role.scopes).filter((scope) => known.has(scope))
    const scopes = [...new Set([...catalogue.scopesOf(roles), ...added])]
    return { userId: id, epoch, active: isActive(stored, clock.now()), roles, scopes, sessionEpoch, sessionKept }
  }

  return {
    async publish(userId) {
      const stored = isAccountId(userId) ? await store.byUser(userId) : null
      if (!stored) return null
      const grants = recordOf(stored)
      await records.putGrants(grants)
      return grants
    },
    async publishHolders(role) {
      let page: readonly string[]
      let after = ''
      do {
        page = await store.holders(role, { after, max: holdersPerRead })
        await records.putManyGrants((await store.byUsers(page)).map(recordOf))
        after = page.at(-1) ?? after
      } while (page.length === holdersPerRead)
    },
  }
}
