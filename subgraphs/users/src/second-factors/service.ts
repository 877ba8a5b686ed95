/** What second factors are asked: which an account has, and whether one of them was shown. */
import { isAccountId } from '../accounts/account.ts'
import type { Contacts } from '../accounts/contact.ts'
import type { Cause } from '../audit/audit.ts'
import type { EmailCodeService } from '../email-codes/service.ts'
import type { PasskeyAssertions, PasskeyProof } from '../passkeys/assertions.ts'
import type { RecoveryCodeService } from '../recovery-codes/service.ts'
import type { TotpService } from '../totp/service.ts'
import type { LastSignIn } from './last-sign-in.prisma.ts'
import { enrolledFactors, type SecondFactor } from './second-factor.ts'
import type { FactorStore } from './store.ts'

/** What was typed or answered. */
export type ShownFactor =
  | { readonly factor: 'TOTP' | 'RECOVERY_CODE' | 'EMAIL_CODE'; readonly text: string }
  | { readonly factor: 'PASSKEY'; readonly proof: PasskeyProof }

export interface FactorQuestion {
  readonly accountId: string
  /** Names the pending sign-in that the factor is shown for. */
  readonly reference: string
  readonly shown: ShownFactor
}

export type FactorCheck =
  | { readonly outcome: 'MATCH'; readonly userId: string; readonly sessionEpoch: number }
  | { readonly outcome: 'NO_MATCH'; readonly userId: null; readonly sessionEpoch: null }

export interface FactorDependencies {
  readonly factorStore: FactorStore
  readonly totpService: Pick<TotpService, 'use'>
  readonly recoveryCodeService: Pick<RecoveryCodeService, 'use'>
  readonly emailCodeService: Pick<EmailCodeService, 'use'>
  readonly passkeyAssertions: PasskeyAssertions
  readonly lastSignIn: LastSignIn
  readonly contacts: Contacts
}

export interface SecondFactorService {
  /** The strongest first; empty when nothing is asked besides the password. */
  enrolled(accountId: string): Promise<readonly SecondFactor[]>
  recoveryCodesLeft(accountId: string): Promise<number>
  /** What the account proves itself with: its password at this address, or one of these. `null` for an unknown account. */
  meansOf(accountId: string): Promise<{ readonly email: string; readonly factors: readonly SecondFactor[] } | null>
  /** Those that are asked for besides what has been proved already. When there are none the sign-in is complete, and noted. */
  askedBesides(accountId: string): Promise<readonly SecondFactor[]>
  /** Whether it is right, and of an account that may sign in. What is right is used up. */
  check(question: FactorQuestion, cause: Cause): Promise<FactorCheck>
  /** Whose passkey answered, when nobody has said who they are. */
  checkPasskey(proof: PasskeyProof, cause: Cause): Promise<FactorCheck>
}

const noMatch: FactorCheck = { outcome: 'NO_MATCH', userId: null, sessionEpoch: null }

export function createSecondFactorService(dependencies: FactorDependencies): SecondFactorService {
  const { factorStore, totpService, recoveryCodeService, emailCodeService } = dependencies
  const { passkeyAssertions, lastSignIn, contacts } = dependencies

  async function enrolled(accountId: string): Promise<readonly SecondFactor[]> {
    const state = isAccountId(accountId) ? await factorStore.stateOf(accountId) : null
    return state ? enrolledFactors(state) : []
  }

  function use({ accountId, reference, shown }: FactorQuestion, cause: Cause) {
    switch (shown.factor) {
      case 'TOTP':
        return totpService.use(accountId, shown.text)
      case 'RECOVERY_CODE':
        return recoveryCodeService.use(accountId, shown.text, cause)
      case 'EMAIL_CODE':
        return emailCodeService.use({ accountId, reference }, shown.text)
      case 'PASSKEY':
        return passkeyAssertions.use(shown.proof, accountId, cause)
    }
  }

  async function matched(userId: string, sessionEpoch: number): Promise<FactorCheck> {
    await lastSignIn.note(userId)
    return { outcome: 'MATCH', userId, sessionEpoch }
  }

  return {
    enrolled,
    async recoveryCodesLeft(accountId) {
      const state = isAccountId(accountId) ? await factorStore.stateOf(accountId) : null
      return state?.recoveryCodesLeft ?? 0
    },
    async meansOf(accountId) {
      if (!isAccountId(accountId)) return null
      const [contact, factors] = await Promise.all([contacts.of(accountId), enrolled(accountId)])
      return contact && { email: contact.address.written, factors }
    },
    async askedBesides(accountId) {
      const factors = await enrolled(accountId)
      if (factors.length === 0) await lastSignIn.note(accountId)
      return factors
    },
    async check(question, cause) {
      const used = isAccountId(question.accountId) ? await use(question, cause) : null
      return used ? matched(question.accountId, used.sessionEpoch) : noMatch
    },
    async checkPasskey(proof, cause) {
      const proved = await passkeyAssertions.use(proof, null, cause)
      return proved ? matched(proved.userId, proved.sessionEpoch) : noMatch
    },
  }
}
