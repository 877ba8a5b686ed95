/** Everything changes of keys need from storage. */
import type { ApiKey } from '../keys/key.ts'
import type { Trail } from '../keys/trail.ts'

interface AddedKey {
  readonly key: ApiKey
  readonly trail: Trail
  readonly liveMax: number
}

/** What becomes of a key, and the key that is made beside it. */
export interface Change {
  readonly key: ApiKey
  readonly added?: AddedKey
  readonly trail: Trail
}

export interface ChangeTerms {
  readonly id: string
  /** Whose it is; of anybody else there is no such key. */
  readonly ownerId: string
  /** Who changes it. Nothing is changed by them while what they did is taken back. */
  readonly by: string | null
  /**
   * Judges the key as it stands, alone with it: nobody changes it meanwhile. `null`: nothing is to be done. `setAsideBy`: the
   * person on record for it, where it is set aside.
   */
  readonly decide: (key: ApiKey, setAsideBy: string | null) => Change | null
  /** Told of the key before the change can be seen by anyone; when it rejects, nothing has changed. */
  readonly announce: (key: ApiKey) => Promise<void>
}

export interface LifecycleStore {
  /**
   * The key as it stands afterwards; `null`: unknown, or of somebody else. `full`: the owner has as many live keys as they may, and
   * nothing was changed. Rejects with what `decide` throws, and with UNAVAILABLE.
   */
  change(terms: ChangeTerms): Promise<ApiKey | 'full' | null>
}
