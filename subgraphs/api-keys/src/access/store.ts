/** Everything access lists need from storage besides what changes of keys need. */
import type { AccessList } from '@latchkey/principal/access-list'
import type { ApiKey } from '../keys/key.ts'
import type { AuditRecord } from '../keys/trail.ts'

/** A key that works and has an access list. */
export interface ListedAccess {
  readonly keyId: string
  readonly version: number
  readonly access: AccessList
  /** What was missing when it was last checked; `null`: nothing. */
  readonly missing: readonly string[] | null
}

export interface Staleness {
  readonly keyId: string
  /** Of the key that was judged: one that has changed meanwhile is judged anew and not noted. */
  readonly version: number
  readonly missing: readonly string[]
  readonly at: Date
}

/** Rejects with UNAVAILABLE. */
export interface AccessStore {
  /** Those that work now, by id, after that one. */
  listed(page: { readonly after: string; readonly now: Date; readonly limit: number }): Promise<readonly ListedAccess[]>
  /** Of one key, in the same form; `null` when it does not work or has no access list. */
  one(keyId: string, now: Date): Promise<ListedAccess | null>
  /** Notes it with its audit record. `known`: the same was noted before, or the key has changed since it was judged. */
  note(staleness: Staleness, audit: AuditRecord): Promise<'noted' | 'known'>
  /** Nothing is missing any more, or nobody is concerned any more. */
  clear(keyIds: readonly string[]): Promise<void>
  /** Forgets what was noted of keys that have ended. */
  clearEnded(now: Date): Promise<void>
}

export type Announce = (key: ApiKey) => Promise<void>
