/** Everything that forgetting and showing an owner needs from storage. */
import type { ApiKey } from '../keys/key.ts'

/** A key as its owner is told of it: everything but what it is checked with. */
export type OwnedKey = Omit<ApiKey, 'secretMac' | 'pepperId' | 'version' | 'ownerId'> & {
  readonly revokedReason: string | null
}

/** What a key was used for in a day. */
export interface OwnedUse {
  readonly keyId: string
  readonly day: string
  readonly operation: string
  readonly outcome: string
  readonly requests: number
}

export interface Forgetting {
  readonly recordId: string
  readonly at: Date
  readonly ownerId: string
  /** The service that asks, and in which request. */
  readonly actorId: string
  readonly requestId: string
}

export interface OwnerStore {
  /** Every key of an owner, ended ones included, newest first. */
  keysOf(ownerId: string, max: number): Promise<readonly OwnedKey[]>
  /** Newest first. */
  usesOf(ownerId: string, max: number): Promise<readonly OwnedUse[]>
  /**
   * Ends every key of an owner, empties what the owner wrote, and lets no key be added for them from here on: all of it or
   * nothing. Answers how many keys that changed, and the ids of all of them, for the copies elsewhere.
   */
  forget(forgetting: Forgetting): Promise<{ readonly forgotten: number; readonly keyIds: readonly string[] }>
}
