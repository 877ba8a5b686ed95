/** Changes of second factors: each is decided on what the account has, and made while it still has that. */
import type { Clock, Entropy } from '@latchkey/clock'
import type { UserPrincipal } from '@latchkey/principal'
import { Problem } from '@latchkey/problem'
import type { Keyring } from '@latchkey/secrets'
import type { Contacts } from '../accounts/contact.ts'
import type { Audit, AuditedAction, Cause } from '../audit/audit.ts'
import { consequencesOf } from '../consequences/consequences.ts'
import type { TellGrants } from '../grants/teller.ts'
import type { NoticeKind, Notices } from '../notices/notice.ts'
import type { Outbox } from '../outbox/outbox.ts'
import { type IssuedCodes, issueRecoveryCodes } from '../recovery-codes/recovery-code.ts'
import { type ChangeEffect, effectOf, type FactorSet, type FactorState, refuseLoss } from './second-factor.ts'
import type { FactorStore, FactorWrite, Written } from './store.ts'

export interface FactorChange {
  readonly person: UserPrincipal
  readonly cause: Cause
  readonly action: AuditedAction
  readonly notice: NoticeKind
  /** What the account has afterwards; `null` when there is nothing to change. It may throw a Problem. */
  readonly after: (state: FactorState) => FactorSet | null
  /** What it does besides, where that does not follow from what the account has before and after. */
  readonly effect?: ChangeEffect
  readonly write: (write: FactorWrite) => Promise<Written>
}

export type ChangeResult =
  | {
      readonly outcome: 'changed'
      /** Ten, to be shown once, when they were issued. */
      readonly recoveryCodes: readonly string[] | null
    }
  | { readonly outcome: 'refused' }

export interface FactorChanges {
  /** Makes the change, tells the owner and every process, or refuses it. Rejects with CONFLICT where it would take away too much. */
  make(change: FactorChange): Promise<ChangeResult>
}

export interface FactorChangeDependencies {
  readonly factorStore: FactorStore
  readonly contacts: Contacts
  readonly notices: Notices
  readonly audit: Audit
  readonly outbox: Outbox
  readonly tellGrants: TellGrants
  readonly keyring: Keyring
  readonly clock: Clock
  readonly entropy: Entropy
  readonly wakeOutbox: () => void
}

/** Whoever loses that often against other changes of one account is told to look again. */
const turnsMax = 10

const refused: ChangeResult = { outcome: 'refused' }

export function createFactorChanges(dependencies: FactorChangeDependencies): FactorChanges {
  const { factorStore, contacts, notices, audit, outbox, tellGrants } = dependencies
  const { keyring, clock, entropy, wakeOutbox } = dependencies

  async function consequencesFor({ person: { userId }, action, notice, cause }: FactorChange) {
    const contact = await contacts.of(userId)
    if (!contact) throw new Problem('NOT_FOUND', 'the account is gone')
    const record = audit({ action, target: userId, outcome: 'done' }, cause)
    const grants = outbox.message({ kind: 'grants', userId, ended: 'FACTORS_CHANGED' })
    return consequencesOf(notices.about(notice, contact), { records: [record], messages: [grants] })
  }

  async function writeOf(
    change: FactorChange,
    { grantsEpoch }: FactorState,
    effect: ChangeEffect,
    issued: IssuedCodes,
  ) {
    const { userId: accountId, sessionId } = change.person
    const kept = { issue: issued.kept, drop: [], keep: null }[effect.recoveryCodes]
    const keepOnly = effect.otherSessions === 'end' ? sessionId : null
    const consequences = await consequencesFor(change)
    return { accountId, grantsEpoch, keepOnly, recoveryCodes: kept, consequences, at: clock.now() }
  }

  /** One try; `null` when something else changed meanwhile. */
  async function attempt(change: FactorChange): Promise<ChangeResult | null> {
    const state = await factorStore.stateOf(change.person.userId)
    if (!state) throw new Problem('NOT_FOUND', 'the account is gone')
    const after = change.after(state)
    if (!after) return refused
    refuseLoss(state, after)
    const effect = change.effect ?? effectOf(state, after)
    const issued = issueRecoveryCodes(keyring, entropy, change.person.userId)
    const written = await change.write(await writeOf(change, state, effect, issued))
    if (written === 'raced') return null
    if (written === 'refused') return refused
    await tellGrants(change.person.userId)
    wakeOutbox()
    return { outcome: 'changed', recoveryCodes: effect.recoveryCodes === 'issue' ? issued.shown : null }
  }

  return {
    async make(change) {
      for (let turn = 0; turn < turnsMax; turn++) {
        const result = await attempt(change)
        if (result) return result
      }
      throw new Problem('CONFLICT', 'the factors of this account change faster than they can be read')
    },
  }
}
