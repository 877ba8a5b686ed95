/** The end of a suspension that has one: an errand of the outbox, so that it comes without anybody asking. */
import type { Clock } from '@latchkey/clock'
import { type Audit, ourselves } from '../audit/audit.ts'
import type { GrantsTeller } from '../grants/teller.ts'
import type { AdministrationStore } from './store.ts'

export interface SuspensionEnd {
  /** Nothing happens when the suspension was lifted or replaced meanwhile. Rejects when it is too early, to be tried again. */
  run(errand: { readonly userId: string; readonly until: string }): Promise<void>
  /** The same for suspensions that are over and whose errand was given up, until it is told to end. How many those were. */
  runOverdue(ending: AbortSignal): Promise<number>
}

interface SuspensionEndDependencies {
  readonly store: AdministrationStore
  readonly grantsTeller: GrantsTeller
  readonly audit: Audit
  readonly clock: Clock
}

const overdueMax = 1_000

export function createSuspensionEnd({ store, grantsTeller, audit, clock }: SuspensionEndDependencies): SuspensionEnd {
  async function end(userId: string, until: Date): Promise<void> {
    const record = audit({ action: 'account.restore', target: userId, outcome: 'suspension-ended' }, ourselves)
    await store.endSuspension({ id: userId, until, now: clock.now(), record })
    const account = await store.byId(userId)
    const isStillAhead = account?.status === 'suspended' && account.suspendedUntil?.getTime() === until.getTime()
    if (isStillAhead) throw new Error('the end of the suspension has not come')
    // Also when an earlier run ended it and could not tell.
    if (account) await grantsTeller.tell(userId)
  }
  return {
    run: ({ userId, until }) => end(userId, new Date(until)),
    async runOverdue(ending) {
      let ended = 0
      for (const { id, until } of await store.overdue(clock.now(), overdueMax)) {
        if (ending.aborted) break
        await end(id, until)
        ended += 1
      }
      return ended
    },
  }
}
