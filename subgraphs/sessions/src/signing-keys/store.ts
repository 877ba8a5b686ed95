/** Everything signing keys need from storage. */
import type { KeyStation } from './schedule.ts'
import type { SigningKey } from './signing-key.ts'

/** What is put on record of a step: who took it, and where the key stands now. */
export interface KeyRecord {
  readonly id: string
  readonly at: Date
  readonly actorKind: 'service' | 'operator'
  readonly outcome: 'published' | 'active' | 'retired' | 'replaced'
}

type NewKey = Omit<SigningKey, 'state'>

/**
 * Every method rejects with UNAVAILABLE when the store cannot answer. Each change is made whole, with its record, or not at
 * all: `false` says that it was not, because another process has made it.
 */
export interface SigningKeyStore {
  /** The keys that are not retired. */
  published(): Promise<readonly SigningKey[]>
  stations(): Promise<readonly KeyStation[]>
  /** Keeps the key as the active one, unless there is an active one already: of several processes, one succeeds. */
  addFirst(key: NewKey, at: Date): Promise<void>
  addNext(key: NewKey, record: KeyRecord): Promise<boolean>
  /** The next key becomes the active one, and the active one begins to retire. */
  promote(kid: string, record: KeyRecord): Promise<boolean>
  /** A retiring key proves nothing any more; its private half is destroyed. */
  retire(kid: string, record: KeyRecord): Promise<boolean>
  /** Retires every key and makes this one active. */
  replaceAll(key: NewKey, record: KeyRecord): Promise<void>
}
