/** Has the owner of a key told: whoever knows how they are reached does it. */
import type { ToldKey } from './store.ts'

export interface Telling {
  readonly key: ToldKey
  readonly kind: 'EXPIRES' | 'OVERLAP_ENDS'
  /** Which of the notices about this end it is. */
  readonly notice: string
  readonly now: Date
}

/** The same of a key and its end is told once, however often it is asked. Rejects with UNAVAILABLE. */
export type TellOwner = (telling: Telling) => Promise<void>
