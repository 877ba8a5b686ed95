/** The password policy: what a new password must be, beyond what can be told from the text alone. */
import { Problem } from '@latchkey/problem'
import type { Logger } from '@latchkey/telemetry'
import { codePointsMin, codePointsMinWithFactor, faultOfNewPassword } from '../password.ts'
import type { BreachedPasswords } from './breached-passwords.ts'
import type { CommonPasswords } from './common-passwords.ts'

/** Whose password it will be. */
export interface PasswordOwner {
  /** What a guesser knows: address and name, of bounded length. */
  readonly about: readonly string[]
  readonly secondFactor: 'none' | 'enrolled'
}

export interface PasswordPolicy {
  /**
   * What is wrong with a new password and what would be right, or `null` (NIST SP 800-63B-4 section 3.1.1.2, ASVS 6.2).
   * Asks nothing about accounts. Rejects with UNAVAILABLE when nobody can say whether it was breached, if that must be known.
   */
  faultOf(typed: string, owner: PasswordOwner): Promise<string | null>
}

export interface PolicyDependencies {
  readonly common: CommonPasswords
  readonly breached: BreachedPasswords
  /** What becomes of a password when nobody can say whether it was breached. */
  readonly whenUnknown: 'allow' | 'refuse'
  readonly logger: Logger
}

export function createPasswordPolicy({ common, breached, whenUnknown, logger }: PolicyDependencies): PasswordPolicy {
  async function wasBreached(typed: string): Promise<boolean> {
    try {
      return (await breached.timesSeen(typed)) > 0
    } catch (error) {
      if (whenUnknown === 'refuse')
        throw new Problem('UNAVAILABLE', 'breached passwords cannot be looked up', {}, { cause: error })
      logger.warn({ err: error }, 'breached passwords cannot be looked up; a new password was accepted without')
      return false
    }
  }

  return {
    async faultOf(typed, { about, secondFactor }) {
      const least = secondFactor === 'enrolled' ? codePointsMinWithFactor : codePointsMin
      const fault = faultOfNewPassword(typed, about, least)
      if (fault) return fault
      if (await common.holds(typed)) return 'must not be one of the most common passwords; try a few unrelated words'
      if (await wasBreached(typed))
        return 'was found in a breach of another site, where anyone can read it; choose another one'
      return null
    },
  }
}
