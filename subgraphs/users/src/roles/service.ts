/** What can be done with roles: grant one. */
import type { Clock } from '@latchkey/clock'
import type { Logger } from '@latchkey/telemetry'
import type { AccountStore } from '../accounts/store.ts'
import type { Audit, Cause } from '../audit/audit.ts'
import { parseEmailAddress } from '../email/email-address.ts'
import type { BlindIndexer } from '../identifiers/blind-index.ts'
import type { Outbox } from '../outbox/outbox.ts'
import type { RoleCatalogue } from './role.ts'
import type { RoleStore } from './store.ts'

export type RoleGranted =
  | { readonly outcome: 'GRANTED' | 'HELD_ALREADY'; readonly userId: string }
  | { readonly outcome: 'UNKNOWN_ACCOUNT' | 'UNKNOWN_ROLE' }

export interface RoleDependencies {
  readonly store: RoleStore
  readonly accounts: Pick<AccountStore, 'idByEmail'>
  readonly indexer: BlindIndexer
  readonly catalogue: RoleCatalogue
  readonly outbox: Outbox
  readonly audit: Audit
  readonly clock: Clock
  readonly logger: Logger
  /** Tells every process what an account is permitted now. */
  readonly publishGrants: (userId: string) => Promise<unknown>
}

export interface RoleService {
  /** Grants a role to the account of an address. Every process knows of it when this resolves, or as soon as its records can be reached. */
  grant(granted: { readonly email: string; readonly role: string }, cause: Cause): Promise<RoleGranted>
}

export function createRoleService(dependencies: RoleDependencies): RoleService {
  const { store, accounts, indexer, catalogue, outbox, audit, clock, logger, publishGrants } = dependencies

  // The change is committed: a failure here must not read as if it were not, and the outbox holds the errand.
  const publish = (userId: string) =>
    publishGrants(userId).catch((error: unknown) =>
      logger.warn({ err: error, userId }, 'grants could not be told to every process yet; it is tried again'),
    )

  return {
    async grant({ email, role }, cause) {
      if (!catalogue.isRole(role)) return { outcome: 'UNKNOWN_ROLE' }
      const address = parseEmailAddress(email)
      const accountId = address && (await accounts.idByEmail(indexer.every(address)))
      if (!accountId) return { outcome: 'UNKNOWN_ACCOUNT' }
      const granted = await store.grant({
        accountId,
        role,
        at: clock.now(),
        consequences: {
          records: [audit({ action: 'role.grant', target: accountId, outcome: 'granted', detail: { role } }, cause)],
          messages: [outbox.message({ kind: 'grants', userId: accountId })],
          tokens: [],
        },
      })
      if (granted) await publish(accountId)
      return { outcome: granted ? 'GRANTED' : 'HELD_ALREADY', userId: accountId }
    },
  }
}
