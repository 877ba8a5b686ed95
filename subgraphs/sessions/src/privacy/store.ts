/** Everything that forgetting and showing a person needs from storage. */
import type { Occasion } from '../ledger/ledger.ts'

/** What came of a try to sign in. */
export interface KeptAttempt {
  readonly id: string
  readonly at: Date
  readonly device: string
  readonly network: string | null
  readonly method: string
  readonly outcome: string
  readonly sealedAddress: string | null
  /** Set when it was counted as that of a device the account knows. */
  readonly deviceId: string | null
}

export interface Forgetting {
  readonly id: string
  readonly at: Date
  readonly userId: string
  /** What was forgotten elsewhere by the same act. */
  readonly forgotten: number
  readonly occasion: Occasion
}

export interface PersonStore {
  /** The newest attempts of a person, newest first. */
  attemptsOf(userId: string, max: number): Promise<readonly KeptAttempt[]>
  /** Forgets the attempts and puts on record that the person was forgotten, unless nothing was left. Answers how many. */
  forgetAttempts(forgetting: Forgetting): Promise<number>
}
