/** Everything keys need from storage. */
import type { Place } from '@latchkey/subgraph/page'
import type { ApiKey, KeyStatus, ListedKey } from './key.ts'
import type { Reach } from './reach.ts'
import type { Trail } from './trail.ts'

export interface KeyQuery {
  readonly reach: Reach
  readonly status: KeyStatus | null
  /** Whether the access list names what the schema has no more. `null`: whichever. */
  readonly stale: boolean | null
  readonly after: Place | null
  readonly now: Date
  readonly limit: number
}

export interface Revocation {
  readonly id: string
  readonly reach: Reach
  readonly at: Date
  readonly reason: string | null
}

/** Rejects with UNAVAILABLE when the store cannot answer. Whatever has not the form of an id is an id of nothing. */
export interface ApiKeyStore {
  byId(id: string): Promise<ApiKey | null>
  /** The key whose successor it is. Questions asked at the same time share one statement. */
  predecessorOf(id: string): Promise<ApiKey | null>
  /** An owner's keys that were never revoked, those that last longest first, at most `liveKeysMax`: every live key is among them. */
  lastingOf(ownerId: string): Promise<readonly ListedKey[]>
  /** Newest first. */
  page(query: KeyQuery): Promise<readonly ApiKey[]>
  /**
   * Adds the key and its trail, or neither: `full` when the owner has `liveMax` live keys already, however many ask at once;
   * `forgotten` when the owner was erased meanwhile.
   */
  add(key: ApiKey, trail: Trail, limits: { readonly liveMax: number }): Promise<'added' | 'full' | 'forgotten'>
  /**
   * Ends the key and writes the trail, once: whoever comes second is given the key as it was ended. `null`: unknown, or out of reach.
   * `announce` is called with it before the change can be seen by anyone; when it rejects, nothing has changed.
   */
  revoke(revocation: Revocation, trail: Trail, announce: (ended: ApiKey) => Promise<void>): Promise<ApiKey | null>
}
