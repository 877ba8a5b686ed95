/** Everything signing keys need from storage. */
import type { SigningKey } from './signing-key.ts'

/** Every method rejects with UNAVAILABLE when the store cannot answer. */
export interface SigningKeyStore {
  /** The keys that are not retired. */
  published(): Promise<readonly SigningKey[]>
  /** Keeps the key as the active one, unless there is an active one already: of several processes, one succeeds. */
  addFirst(key: Omit<SigningKey, 'state'>, at: Date): Promise<void>
}
