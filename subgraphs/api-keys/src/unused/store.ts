/** Everything the report on unused keys needs from storage. */
import type { Place } from '@latchkey/subgraph/page'
import type { ApiKey } from '../keys/key.ts'
import type { Reach } from '../keys/reach.ts'

export interface UnusedKey extends ApiKey {
  /** Null: never, as far as is known. */
  readonly lastUsedAt: Date | null
}

export interface UnusedQuery {
  readonly reach: Reach
  readonly since: Date
  readonly now: Date
  readonly after: Place | null
  readonly limit: number
}

export interface UnusedStore {
  /** Newest first. Rejects with UNAVAILABLE. */
  unused(query: UnusedQuery): Promise<readonly UnusedKey[]>
}
