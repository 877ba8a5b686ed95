/** Everything attempt counters need from storage. */
import type { AttemptKey, AttemptPolicy } from './attempts.ts'

export interface AttemptStore {
  /**
   * Takes one try at `atMs`, if there is one left; tells whether there was. All in one step: of any number of callers
   * at once, on any number of processes, exactly as many get one as there are. Rejects with UNAVAILABLE.
   */
  take(attempt: { key: AttemptKey; tryId: string; atMs: number }, policy: AttemptPolicy): Promise<boolean>
  /** As if the try had never been taken. */
  giveBack(key: AttemptKey, tryId: string): Promise<void>
  /** Forgets every try of this key. */
  clear(key: AttemptKey): Promise<void>
}
