/** Withdrawal: keys that whoever had hold of an account may have left are taken back. */
import type { Clock, Entropy } from '@latchkey/clock'
import type { Principal } from '@latchkey/principal'
import { badInput, Problem } from '@latchkey/problem'
import type { Keyring } from '@latchkey/secrets'
import type { ApiKey } from '../keys/key.ts'
import { outboxPayload, trailOf } from '../keys/trail.ts'
import type { WithdrawalStore } from './store.ts'

interface WithdrawalDependencies {
  readonly store: WithdrawalStore
  readonly announce: (key: ApiKey) => Promise<void>
  readonly keyring: Keyring
  readonly clock: Clock
  readonly entropy: Entropy
}

export interface WithdrawInput {
  readonly userId: string
  /** RFC 3339. */
  readonly since: string
}

export interface Withdrawal {
  /** They work no more, everywhere, when this resolves. BAD_USER_INPUT for what is no moment, UNAVAILABLE. */
  withdraw(
    input: WithdrawInput,
    asked: { readonly principal: Principal; readonly requestId: string },
  ): Promise<{ readonly userId: string; readonly withdrawn: number }>
}

export function createWithdrawal({ store, announce, keyring, clock, entropy }: WithdrawalDependencies): Withdrawal {
  const trail = { clock, entropy, seal: (payload: string) => keyring.seal('data', payload, outboxPayload) }
  return {
    async withdraw({ userId, since: text }, { principal, requestId }) {
      if (principal.kind !== 'service') throw new Problem('FORBIDDEN')
      const since = new Date(text)
      if (Number.isNaN(since.getTime())) throw badInput({ since: 'must be a moment, RFC 3339' })
      const withdrawn = await store.withdraw({
        ...{ ownerId: userId, since, at: clock.now(), announce },
        trailOf: (action, { id }) => trailOf(action, id, { principal, requestId }, {}, trail),
      })
      return { userId, withdrawn }
    },
  }
}
