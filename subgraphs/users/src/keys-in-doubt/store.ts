/** Everything that taking keys back needs from storage. */
import type { Consequences } from '../consequences/consequences.ts'

/** What was found in doubt, at one moment of the account. */
export interface KeysInDoubt {
  readonly since: Date
  readonly isActive: boolean
  readonly grantsEpoch: number
}

export interface KeysInDoubtStore {
  /** `null`: nothing is in doubt. */
  of(accountId: string): Promise<KeysInDoubt | null>
  /** The keys count again, unless the account has changed since it was read. */
  settle(terms: {
    readonly accountId: string
    readonly grantsEpoch: number
    readonly consequences: Consequences
  }): Promise<boolean>
}
