/** Everything peppers need from storage. */
import type { ApiKey } from '../keys/key.ts'
import type { Trail } from '../keys/trail.ts'

/** How many keys stand under a pepper. */
export interface KeysOfPepper {
  readonly pepperId: string
  readonly keys: number
  /** Those that may work yet: neither revoked nor over. */
  readonly lasting: number
}

export interface NewMac {
  readonly key: Pick<ApiKey, 'id' | 'pepperId' | 'secretMac'>
  readonly secretMac: Uint8Array
  readonly pepperId: string
}

export interface PepperStore {
  counts(now: Date): Promise<readonly KeysOfPepper[]>
  /**
   * Puts the new MAC in the place of the one that was read, once; `null`: it was replaced meanwhile. `announce` is called before
   * the change can be seen by anyone; when it rejects, nothing has changed.
   */
  replaceMac(mac: NewMac, trail: Trail, announce: (key: ApiKey) => Promise<void>): Promise<ApiKey | null>
}
