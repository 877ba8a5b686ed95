/** Changing one's own password. */
import { type Clock, minuteMs } from '@latchkey/clock'
import type { UserPrincipal } from '@latchkey/principal'
import { badInput, Problem } from '@latchkey/problem'
import type { Audit, Cause } from '../../audit/audit.ts'
import { consequencesOf } from '../../consequences/consequences.ts'
import type { TellGrants } from '../../grants/teller.ts'
import type { Notices } from '../../notices/notice.ts'
import type { Outbox } from '../../outbox/outbox.ts'
import type { KeptPassword, PasswordHasher } from '../hasher.ts'
import type { Owner, Owners } from '../owners/owners.ts'
import { needsFactor } from '../password.ts'
import type { PasswordPolicy } from '../policy/policy.ts'
import type { PasswordChangeStore } from './store.ts'

export interface ChangePasswordInput {
  readonly currentPassword: string
  readonly newPassword: string
}

export interface PasswordChangeDependencies {
  readonly store: PasswordChangeStore
  readonly owners: Owners
  readonly hasher: PasswordHasher
  readonly policy: PasswordPolicy
  readonly notices: Notices
  readonly outbox: Outbox
  readonly audit: Audit
  readonly clock: Clock
  readonly tellGrants: TellGrants
  readonly wakeOutbox: () => void
}

export interface PasswordChangeService {
  /**
   * Changes the caller's password, ends their other sessions and tells them by mail (ASVS 6.2.2, 6.2.3, 7.4.3). After ten
   * wrong current ones in a quarter of an hour nothing is compared any more: FORBIDDEN with `retryAfterMs`.
   */
  change(
    input: ChangePasswordInput,
    who: Pick<UserPrincipal, 'userId' | 'sessionId'>,
    cause: Cause,
  ): Promise<{ readonly outcome: 'CHANGED' | 'REFUSED' }>
}

const triesMax = 10
const triesWindowMs = 15 * minuteMs

const tooMany = () =>
  new Problem('FORBIDDEN', 'too many wrong current passwords', {
    message: 'Too many wrong passwords. Wait a quarter of an hour, or reset the password by mail.',
    retryAfterMs: triesWindowMs,
  })

export function createPasswordChangeService(dependencies: PasswordChangeDependencies): PasswordChangeService {
  const { store, owners, hasher, policy, notices, outbox, audit, clock, tellGrants, wakeOutbox } = dependencies

  async function requireGood({ currentPassword, newPassword }: ChangePasswordInput, owner: Owner): Promise<void> {
    const fault =
      (await policy.faultOf(newPassword, owner)) ??
      (newPassword === currentPassword ? 'must be another one than the current' : null)
    if (fault) throw badInput({ 'input.newPassword': fault })
  }

  /** A try that the queue refused was none. */
  async function orGiveBack<Result>(accountId: string, hashing: Promise<Result>): Promise<Result> {
    try {
      return await hashing
    } catch (failure) {
      await store.giveBackTry(accountId)
      throw failure
    }
  }

  /** What is kept, when the current password is right. */
  async function checked(accountId: string, currentPassword: string): Promise<KeptPassword | null> {
    const now = clock.now()
    const since = new Date(now.getTime() - triesWindowMs)
    const attempt = await store.takeTry({ accountId, now, since, max: triesMax })
    if (attempt.kind === 'too many') throw tooMany()
    if (attempt.kind === 'no password') return null
    const matches = await orGiveBack(accountId, hasher.matches(currentPassword, attempt.kept))
    return matches ? attempt.kept : null
  }

  const consequences = (owner: Owner, cause: Cause) =>
    consequencesOf(notices.about('password-changed', owner), {
      records: [audit({ action: 'password.change', target: owner.accountId, outcome: 'changed' }, cause)],
      messages: [outbox.message({ kind: 'grants', userId: owner.accountId, ended: 'PASSWORD_CHANGED' })],
    })

  return {
    async change(input, { userId, sessionId }, cause) {
      const owner = await owners.of(userId)
      if (!owner) throw new Problem('NOT_FOUND', 'no such account')
      await requireGood(input, owner)
      const kept = await checked(userId, input.currentPassword)
      if (!kept) {
        await store.putOnRecord(audit({ action: 'password.change', target: userId, outcome: 'refused' }, cause))
        return { outcome: 'REFUSED' }
      }
      const to = await orGiveBack(userId, hasher.hash(input.newPassword))
      const change = {
        ...{ accountId: userId, from: kept.phc, to, needsFactor: needsFactor(input.newPassword) },
        ...{ sessionKept: sessionId, at: clock.now() },
      }
      const changed = await store.change({ ...change, consequences: consequences(owner, cause) })
      if (!changed) throw new Problem('CONFLICT', 'the password was replaced meanwhile, or the account was stopped')
      await tellGrants(userId)
      wakeOutbox()
      return { outcome: 'CHANGED' }
    },
  }
}
