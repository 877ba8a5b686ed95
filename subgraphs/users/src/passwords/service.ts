/** What can be done with passwords: check one. */
import { parseEmailAddress } from '../email/email-address.ts'
import type { BlindIndexer } from '../identifiers/blind-index.ts'
import type { PasswordHasher } from './hasher.ts'
import type { PasswordStore, SignInCandidate } from './store.ts'

export type PasswordCheck =
  | { readonly outcome: 'MATCH'; readonly userId: string; readonly sessionEpoch: number }
  | { readonly outcome: 'NO_MATCH'; readonly userId: null; readonly sessionEpoch: null }

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

const noMatch: PasswordCheck = { outcome: 'NO_MATCH', userId: null, sessionEpoch: null }

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
  if (!candidate || !matches || !candidate.active || !candidate.emailVerified) return noMatch
  return { outcome: 'MATCH', userId: candidate.userId, sessionEpoch: candidate.sessionEpoch }
}
