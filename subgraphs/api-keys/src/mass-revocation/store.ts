/** Everything that revoking many keys needs from storage. */
import type { ApiKey } from '../keys/key.ts'
import type { Matching } from './matching.prisma.ts'

export interface MatchingStore {
  /** Keys that match, oldest first. Rejects with UNAVAILABLE. */
  matching(asked: Matching, limit: number): Promise<readonly ApiKey[]>
  /** How many match, counted up to `max`. */
  count(asked: Matching, max: number): Promise<number>
}
