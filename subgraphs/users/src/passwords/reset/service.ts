/** Setting a password with a link from a mail: a new one, or the first one of who was invited. */
import type { Clock } from '@latchkey/clock'
import { badInput } from '@latchkey/problem'
import type { Keyring } from '@latchkey/secrets'
import type { Audit, Cause } from '../../audit/audit.ts'
import { type Consequences, consequencesOf } from '../../consequences/consequences.ts'
import type { TellGrants } from '../../grants/teller.ts'
import type { Notices } from '../../notices/notice.ts'
import { possibleMacs } from '../../one-time-tokens/one-time-token.ts'
import type { Outbox } from '../../outbox/outbox.ts'
import type { SignInLimits } from '../../stopped-sign-ins/limits.ts'
import type { PasswordHasher } from '../hasher.ts'
import type { Owner, Owners } from '../owners/owners.ts'
import { needsFactor } from '../password.ts'
import type { PasswordPolicy } from '../policy/policy.ts'
import { createResetRequest, type RequestReset, type ResetRequestDependencies } from './request.ts'
import type { PasswordResetStore, PasswordTokenPurpose } from './store.ts'

export interface PasswordResetDependencies extends ResetRequestDependencies {
  readonly store: PasswordResetStore
  readonly owners: Owners
  readonly hasher: PasswordHasher
  readonly policy: PasswordPolicy
  readonly notices: Notices
  readonly keyring: Keyring
  readonly outbox: Outbox
  readonly audit: Audit
  readonly clock: Clock
  readonly tellGrants: TellGrants
  readonly signInLimits: Pick<SignInLimits, 'charge' | 'settle'>
}

export interface PasswordResetService {
  readonly request: RequestReset
  /**
   * Sets a new password, ends every session, confirms the address that the mail went to, and unlocks an account that its
   * owner had locked. Where nobody had confirmed the address, second factors are not its owner's and end. It signs nobody in: a second factor is asked for as ever (ASVS 6.4.3). A token works once, for an hour,
   * while it is the newest; a password that is refused leaves it as it was (BAD_USER_INPUT).
   */
  reset(
    input: { readonly token: string; readonly newPassword: string },
    cause: Cause,
  ): Promise<{ readonly outcome: 'RESET' | 'REFUSED' }>
  /** The same for the first password of an account that an administrator made, for a week (ASVS 6.4.1, 6.4.6). */
  acceptInvitation(
    input: { readonly token: string; readonly password: string },
    cause: Cause,
  ): Promise<{ readonly outcome: 'ACCEPTED' | 'REFUSED' }>
}

interface TokenUse {
  readonly purpose: PasswordTokenPurpose
  readonly token: string
  readonly password: string
  /** The name of the password in the input. */
  readonly field: string
}

export function createPasswordResetService(dependencies: PasswordResetDependencies): PasswordResetService {
  const { store, owners, hasher, policy, notices, keyring, outbox, audit, clock } = dependencies
  const { indexer, tellGrants, signInLimits, wakeOutbox } = dependencies

  /** A reset is told to the owner; who was invited has just read the mail. */
  function following({ purpose }: TokenUse, owner: Owner, cause: Cause): Consequences {
    const target = owner.accountId
    const grants = outbox.message({ kind: 'grants', userId: target, ended: 'PASSWORD_CHANGED' })
    if (purpose === 'invitation') {
      const records = [
        audit({ action: 'invitation.accept', target, outcome: 'accepted' }, cause),
        audit({ action: 'email.confirm', target, outcome: 'verified' }, cause),
      ]
      return consequencesOf({ records, messages: [grants] })
    }
    const record = audit({ action: 'password.reset', target, outcome: 'reset' }, cause)
    const forgiving = outbox.message({ kind: 'forgive-sign-in', userId: target })
    return consequencesOf(notices.about('password-reset', owner), { records: [record], messages: [grants, forgiving] })
  }

  /** A mail that was under way while the address was changed went to one that is not the account's any more. */
  async function shownBy({ token, purpose }: TokenUse, cause: Cause) {
    const macs = possibleMacs(keyring, purpose, token)
    if (macs.length === 0) return null
    const shown = await store.shown(macs, purpose, clock.now())
    const owner = shown && (await owners.of(shown.accountId))
    if (shown && owner && indexer.isOf(owner.address, shown.sentTo)) return { macs, owner }
    await signInLimits.charge(cause)
    return null
  }

  /** Whether the password was set. Nothing is hashed for who shows no token. */
  async function use(used: TokenUse, cause: Cause): Promise<boolean> {
    const shown = await shownBy(used, cause)
    if (!shown) return false
    const { owner, macs } = shown
    const fault = await policy.faultOf(used.password, owner)
    if (fault) throw badInput({ [used.field]: fault })
    const to = await hasher.hash(used.password)
    const { sealedEmail } = owner
    const terms = { purpose: used.purpose, macs, sealedEmail, to, needsFactor: needsFactor(used.password) }
    const withdrawn = audit({ action: 'second-factors.withdraw', target: owner.accountId, outcome: 'done' }, cause)
    const isSet = await store.setPassword({
      ...terms,
      at: clock.now(),
      withdrawn,
      consequences: following(used, owner, cause),
    })
    if (!isSet) return false
    await Promise.all([tellGrants(owner.accountId), signInLimits.settle(owner.accountId)])
    wakeOutbox()
    return true
  }

  return {
    request: createResetRequest(dependencies),
    async reset({ token, newPassword }, cause) {
      const used = { purpose: 'reset-password', token, password: newPassword, field: 'input.newPassword' } as const
      return { outcome: (await use(used, cause)) ? 'RESET' : 'REFUSED' }
    },
    async acceptInvitation({ token, password }, cause) {
      const used = { purpose: 'invitation', token, password, field: 'input.password' } as const
      return { outcome: (await use(used, cause)) ? 'ACCEPTED' : 'REFUSED' }
    },
  }
}
