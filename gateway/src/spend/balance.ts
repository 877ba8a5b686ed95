/** What may the caller's key still spend? The last question before anything is executed. */
import type { ApiKeyRecord } from '@latchkey/principal/credential-records'
import type { KeyBudgets, Spending } from '@latchkey/principal/key-budgets'
import { Problem } from '@latchkey/problem'
import type { Balance } from '../pipeline.ts'
import { headersOf } from './rate-limit-headers.ts'

/** One for each request with a key. */
export const createBalances =
  (budgets: KeyBudgets) =>
  (key: ApiKeyRecord): Balance => {
    let known: Spending | 'nothing' | 'not yet' = 'not yet'

    /** A request that was refused before it spent anything is told what is left all the same. */
    async function look(): Promise<Spending | 'nothing'> {
      return known === 'not yet' ? budgets.spend(key, 0).catch(() => 'nothing' as const) : known
    }

    return {
      async spend() {
        // Whoever could not say it just now is not asked again for the answer.
        known = 'nothing'
        known = await budgets.spend(key)
        if (known.outcome !== 'SPENT') throw refusal(key, known)
      },
      async tell(answer) {
        const spending = await look()
        const headers = spending === 'nothing' ? null : headersOf(spending.limits)
        return headers ? { ...answer, headers: { ...answer.headers, ...headers } } : answer
      },
    }
  }

const messages = {
  RATE_LIMITED: 'This key has asked too often. Wait for `retryAfterMs` milliseconds before the next request.',
  USAGE_EXCEEDED: 'The uses of this key are spent. Its owner can give it more with `updateApiKey`.',
} as const

function refusal({ keyId }: ApiKeyRecord, { outcome, retryAfterMs }: Spending): Problem {
  const reason = outcome === 'USAGE_EXCEEDED' ? outcome : 'RATE_LIMITED'
  const after = retryAfterMs === undefined ? {} : { retryAfterMs }
  return new Problem('RATE_LIMITED', `key ${keyId}: ${reason}`, { ...after, reason, message: messages[reason] })
}
