/** Everything security events need from storage. */
import type { Place } from '@latchkey/subgraph/page'
import type { StoredEvent } from './security-event.ts'

export interface EventQuery {
  readonly accountId: string
  readonly actions: readonly string[]
  readonly since: Date
  readonly after: Place | null
  readonly max: number
}

export interface SecurityEventStore {
  /** The records about the account, newest first. */
  list(query: EventQuery): Promise<readonly StoredEvent[]>
  /** One record about the account; null when there is none of that id. */
  one(accountId: string, id: string): Promise<StoredEvent | null>
  /** Those of the ids that are on record. */
  onRecord(ids: readonly string[]): Promise<readonly string[]>
}
