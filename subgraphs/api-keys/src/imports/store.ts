/** Everything imports need from storage. */
import type { RestoreRoom } from '../backup/store.ts'
import type { ForeignRoom } from '../foreign-keys/store.ts'
import type { AuditRecord, OutboxMessage } from '../keys/trail.ts'
import type { OwnerStanding } from './import.ts'

/** What an import may do while it has the keys to itself. Whoever reads here sees what was written here before. */
export interface ImportRoom extends RestoreRoom, ForeignRoom {
  standings(ownerIds: readonly string[], now: Date): Promise<readonly OwnerStanding[]>
  record(audits: readonly AuditRecord[], messages: readonly OutboxMessage[]): Promise<void>
}

export interface ImportStore {
  /**
   * One import at a time, in any process, and no owner is forgotten meanwhile. Keeps what was written when the answer says so,
   * else nothing was. `busy`: another import is under way. Rejects with UNAVAILABLE.
   */
  alone<Answer extends { readonly kept: boolean }>(
    work: (room: ImportRoom) => Promise<Answer>,
  ): Promise<Answer | 'busy'>
}
