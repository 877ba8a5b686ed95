/** Everything roles need from storage. */
import type { AuditRecord } from '../audit/audit.ts'
import type { OutboxMessage } from '../outbox/outbox.ts'

export interface RoleChange {
  readonly accountId: string
  readonly role: string
  readonly at: Date
  readonly message: OutboxMessage
  readonly record: AuditRecord
}

export interface RoleStore {
  /** Grants the role and moves the epoch of the account's grants on. `false`, and nothing written: it was held already. */
  grant(change: RoleChange): Promise<boolean>
}
