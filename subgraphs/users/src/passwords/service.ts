/** What can be done with passwords: check one. */
import { parseEmailAddress } from '../email/email-address.ts'
import type { BlindIndexer } from '../identifiers/blind-index.ts'
import type { PasswordHasher } from './hasher.ts'
import type { PasswordStore, SignInCandidate } from './store.ts'

export type PasswordCheck =
  | { readonly outcome: 'MATCH'; readonly userId: string; readonly namedUserId: string; readonly sessionEpoch: number }
  | {
      readonly outcome: 'NO_MATCH'
      readonly userId: null
      /** The account that the address names: for the record of attempts. */
      readonly namedUserId: string | null
      readonly sessionEpoch: null
    }

export interface PasswordDependencies {
  readonly store: PasswordStore
  readonly hasher: PasswordHasher
  readonly indexer: BlindIndexer
}

export interface PasswordService {
  /**
   * What a password is worth for an address. Unknown, unverified, inactive and wrong answer alike and cost the same: one
   * look-up and one hash. Rejects with UNAVAILABLE when too many hashes wait.
   */
  check(typed: { readonly email: string; readonly password: string }): Promise<PasswordCheck>
}

export const createPasswordService = ({ store, hasher, indexer }: PasswordDependencies): PasswordService => ({
  async check({ email, password }) {
    const address = parseEmailAddress(email)
    const candidate = address ? await store.candidate(indexer.every(address)) : null
    // Hash before anything is judged: an early answer would tell which addresses are accounts.
    const matches = await hasher.matches(password, candidate)
    return judgeCandidate(candidate, matches)
  },
})

/** `matches` says whether the password is that of the candidate. */
export function judgeCandidate(candidate: SignInCandidate | null, matches: boolean): PasswordCheck {
  const namedUserId = candidate?.userId ?? null
  const noMatch = { outcome: 'NO_MATCH', userId: null, namedUserId, sessionEpoch: null } as const
  if (!candidate || !matches || !candidate.active || !candidate.emailVerified) return noMatch
  const { userId, sessionEpoch } = candidate
  return { outcome: 'MATCH', userId, namedUserId: userId, sessionEpoch }
}
