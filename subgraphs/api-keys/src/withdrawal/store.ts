/** Everything that taking keys back needs from storage. */
import type { ApiKey } from '../keys/key.ts'
import type { Trail } from '../keys/trail.ts'

export interface WithdrawalTerms {
  readonly ownerId: string
  readonly since: Date
  readonly at: Date
  readonly trailOf: (action: 'api-key.revoked' | 'api-key.disabled', key: ApiKey) => Trail
  /** Told of each key before the change can be seen by anyone; when it rejects, nothing has changed. */
  readonly announce: (key: ApiKey) => Promise<void>
}

export interface WithdrawalStore {
  /**
   * Revokes what was made since, and disables what was changed or enabled since, also where the owner did so with keys of
   * service accounts: all of it or nothing, and nothing is made beside it. How many keys were taken back since that moment, now and before.
   */
  withdraw(terms: WithdrawalTerms): Promise<number>
}
