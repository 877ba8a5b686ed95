/** What can be done with passwords: check one, and keep it as one would today. */
import type { Logger } from '@latchkey/telemetry'
import type { Audit, Cause } from '../audit/audit.ts'
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
  readonly audit: Audit
  readonly logger: Logger
}

export interface PasswordService {
  /**
   * What a password is worth for an address. Unknown, unverified, inactive and wrong answer alike and cost the same: one
   * look-up and one hash. A right one that is kept as another system or an earlier setting made it is hashed anew; that
   * neither fails the check nor makes a wrong one take longer. Rejects with UNAVAILABLE when too many hashes wait.
   */
  check(typed: { readonly email: string; readonly password: string }, cause: Cause): Promise<PasswordCheck>
  /** The account that an address names, if it signs in with a password. One look-up, whether there is one or not. */
  named(email: string): Promise<{ readonly userId: string | null }>
  /** How far the credentials are from what they should be. */
  health(): Promise<{ readonly legacyHashes: number }>
}

export function createPasswordService(dependencies: PasswordDependencies): PasswordService {
  const { store, hasher, indexer, audit, logger } = dependencies

  async function candidateOf(email: string): Promise<SignInCandidate | null> {
    const address = parseEmailAddress(email)
    return address ? store.candidate(indexer.every(address)) : null
  }

  async function upgrade({ userId, phc }: SignInCandidate, password: string, cause: Cause): Promise<void> {
    try {
      const to = await hasher.hash(password)
      const record = audit({ action: 'password.upgrade', target: userId, outcome: 'upgraded' }, cause)
      await store.upgrade({ accountId: userId, from: phc, to, record })
    } catch (error) {
      logger.warn({ err: error, userId }, 'a password could not be hashed anew; it is tried at the next sign-in')
    }
  }

  return {
    async check({ email, password }, cause) {
      const candidate = await candidateOf(email)
      // Hash before anything is judged: an early answer would tell which addresses are accounts.
      const matches = await hasher.matches(password, candidate)
      const verdict = judgeCandidate(candidate, matches)
      if (candidate && verdict.outcome === 'MATCH' && !hasher.isCurrent(candidate))
        await upgrade(candidate, password, cause)
      return verdict
    },
    async named(email) {
      return { userId: (await candidateOf(email))?.userId ?? null }
    },
    health: async () => ({ legacyHashes: await store.legacyHashes() }),
  }
}

/** `matches` says whether the password is that of the candidate. */
export function judgeCandidate(candidate: SignInCandidate | null, matches: boolean): PasswordCheck {
  const namedUserId = candidate?.userId ?? null
  const noMatch = { outcome: 'NO_MATCH', userId: null, namedUserId, sessionEpoch: null } as const
  if (!candidate || !matches || !candidate.active || !candidate.emailVerified) return noMatch
  const { userId, sessionEpoch } = candidate
  return { outcome: 'MATCH', userId, namedUserId: userId, sessionEpoch }
}
