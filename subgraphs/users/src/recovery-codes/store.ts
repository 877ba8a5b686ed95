/** Everything recovery codes need from storage. New ones are written by the change that brings them. */
import type { Consequences } from '../consequences/consequences.ts'
import type { KeyedMac } from '../identifiers/keyed-mac.ts'

export interface RecoveryCodeStore {
  /** Uses a code up, with what follows from it: of any number of callers one gets an answer. `null` when the account may not sign in. */
  use(used: {
    accountId: string
    macs: readonly KeyedMac[]
    at: Date
    consequences: Consequences
  }): Promise<{ readonly sessionEpoch: number } | null>
}
