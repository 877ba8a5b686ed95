/** Everything the uses of keys need from storage. Each method rejects with UNAVAILABLE. */
import type { UsesSpent } from '@latchkey/principal/key-budgets'

export interface SpentByKey extends UsesSpent {
  readonly keyId: string
}

export interface UsesStore {
  /** What was written down last; `null`: nothing. */
  spentOf(keyId: string): Promise<UsesSpent | null>
  /** Keeps what tells more than what is kept: of a later issue, of a later period of it, or of more that was spent. */
  write(those: readonly SpentByKey[], at: Date): Promise<void>
}
