/** Wrong keys: how many of them a network may show, and which right ones are known there. */
import { hourMs, minuteMs } from '@latchkey/clock'
import type { Standing } from '../records/proviso.ts'

/** At most `max` wrong keys in any stretch of `windowMs` milliseconds. */
export interface WrongKeyBudget {
  readonly max: number
  readonly windowMs: number
}

/** The budget of a network: so many in ten minutes. */
export const wrongKeysIn = (max: number): WrongKeyBudget => ({ max, windowMs: 10 * minuteMs })

/** For how long a key is known to a network after it was let in from there. */
export const knownForMs = hourMs

/** Shared by every process, and timed by the store. `network` is a name that says nothing of where it is. Rejects with UNAVAILABLE. */
export interface WrongKeys {
  /** For how many milliseconds the network is still stopped; 0: it is not, and to ask costs no round trip beside a record's. */
  stoppedForMs(network: string): Promise<number>
  /** What stands in the store while the network is not stopped. Absent: to ask costs nothing. */
  notStopped?(network: string): Standing
  /**
   * Counts a wrong key, and gives 0; when as many were shown as may be it counts nothing, and gives how long until there is room for
   * one more. However many are shown at once, exactly `max` are counted.
   */
  charge(network: string, budget: WrongKeyBudget): Promise<number>
  /** The key was let in from there. */
  welcome(network: string, keyId: string): Promise<void>
  /** Whether it was within the last hour. */
  isWelcome(network: string, keyId: string): Promise<boolean>
}
