/** What an account is permitted now, told to every process through the credential records. */
import type { Clock } from '@latchkey/clock'
import type { CredentialRecords, GrantsRecord } from '@latchkey/principal/credential-records'
import { isAccountId } from '../accounts/account.ts'
import type { Outbox } from '../outbox/outbox.ts'
import type { OutboxStore } from '../outbox/store.ts'
import { firstRole, type RoleCatalogue } from '../roles/role.ts'
import { effectiveRoles, scopesToEnrolWith } from './effective-roles.ts'
import type { GrantsStore } from './store.ts'

export interface GrantsDependencies {
  readonly store: GrantsStore
  readonly records: CredentialRecords
  readonly catalogue: RoleCatalogue
  readonly outbox: Outbox
  readonly outboxStore: Pick<OutboxStore, 'addOnce'>
  readonly clock: Clock
}

export interface GrantsService {
  /**
   * Reads what the account is permitted, puts it into the records and answers it; `null` for an unknown account. While the
   * grace of a role runs, it sees to it that this happens again when it ends.
   */
  publish(userId: string): Promise<GrantsRecord | null>
}

export function createGrantsService(dependencies: GrantsDependencies): GrantsService {
  const { store, records, catalogue, outbox, outboxStore, clock } = dependencies

  /** The ref names account and moment: however often this is asked, the errand is run once. */
  async function publishAgain(userId: string, at: Date): Promise<void> {
    await outboxStore.addOnce(outbox.message({ kind: 'grants', userId }, at, `grace_${userId}_${at.getTime()}`))
  }

  return {
    async publish(userId) {
      const stored = isAccountId(userId) ? await store.byUser(userId) : null
      if (!stored) return null
      const { epoch, active, sessionEpoch, sessionKept } = stored
      const { roles, nextGraceEndsAt } = effectiveRoles(stored, clock.now())
      const own = stored.roles.includes(firstRole) ? scopesToEnrolWith : []
      const scopes = [...new Set([...catalogue.scopesOf(roles), ...own])]
      const grants = { userId, epoch, active, roles, scopes, sessionEpoch, sessionKept }
      await records.putGrants(grants)
      if (nextGraceEndsAt) await publishAgain(userId, nextGraceEndsAt)
      return grants
    },
  }
}
