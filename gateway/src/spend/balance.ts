/** What may the caller's key still spend? The last question before anything is executed. */
import type { ApiKeyRecord } from '@latchkey/principal/credential-records'
import type { KeyBudgets, Spending } from '@latchkey/principal/key-budgets'
import { Problem } from '@latchkey/problem'
import type { Balance } from '../pipeline.ts'
import type { RateLimitFields } from '../rate-limit-fields.ts'
import { headersOf, policyOf } from './rate-limit-headers.ts'

type Answer = Parameters<Balance['tell']>[0]

/** One for each request with a key. */
export function createBalances(budgets: KeyBudgets) {
  const fieldsOf = createFields()
  return (key: ApiKeyRecord): Balance => {
    let known: Spending | 'nothing' | 'not yet' = 'not yet'

    /** A request that was refused before it spent anything is told what is left all the same. */
    const look = (): Promise<Spending | 'nothing'> => budgets.spend(key, 0).catch(() => 'nothing' as const)
    const told = (answer: Answer, spending: Spending | 'nothing'): Answer => {
      const fields = spending === 'nothing' ? null : fieldsOf(key, spending)
      return fields ? withFields(answer, fields) : answer
    }

    return {
      async spend(cost) {
        // Whoever could not say it just now is not asked again for the answer.
        known = 'nothing'
        known = await budgets.spend(key, 1, cost)
        if (known.outcome !== 'SPENT') throw refusal(key, known)
      },
      async spendIf(proviso, cost) {
        known = 'nothing'
        const spending = await confirming(budgets).spendIf(proviso, key, cost)
        if (spending === 'changed') return spending
        known = spending
        return spending.outcome === 'SPENT' ? 'spent' : refusal(key, spending)
      },
      tell: (answer) => (known === 'not yet' ? look().then((seen) => told(answer, seen)) : told(answer, known)),
    }
  }
}

/** Nobody is recalled over budgets that cannot confirm. */
function confirming({ spendIf }: KeyBudgets): Required<Pick<KeyBudgets, 'spendIf'>> {
  if (!spendIf) throw new Error('these budgets confirm nobody')
  return { spendIf }
}

/** What a key is limited by changes with its record, and with nothing else while this process lives. */
function createFields() {
  const policies = new WeakMap<ApiKeyRecord, string>()
  return (key: ApiKeyRecord, { limits }: Spending): RateLimitFields | null => {
    const policy = policies.get(key) ?? policyOf(limits)
    policies.set(key, policy)
    return headersOf(limits, policy)
  }
}

// Most answers have no headers of their own, and merging objects takes longer than all the rest here.
const withFields = (answer: Answer, fields: RateLimitFields): Answer => {
  const { status, headers, result, cookies } = answer
  const all = isEmpty(headers) ? fields : { ...headers, ...fields }
  return cookies ? { status, headers: all, result, cookies } : { status, headers: all, result }
}

const isEmpty = (headers: Answer['headers']): boolean => {
  for (const _ in headers) return false
  return true
}

const messages = {
  RATE_LIMITED: 'This key has asked too often. Wait for `retryAfterMs` milliseconds before the next request.',
  USAGE_EXCEEDED: 'The uses of this key are spent. Its owner can give it more with `updateApiKey`.',
} as const

/** What a request is told that there is nothing left for. */
export function refusal(
  { keyId }: Pick<ApiKeyRecord, 'keyId'>,
  { outcome, retryAfterMs }: Pick<Spending, 'outcome' | 'retryAfterMs'>,
): Problem {
  const reason = outcome === 'USAGE_EXCEEDED' ? outcome : 'RATE_LIMITED'
  const after = retryAfterMs === undefined ? {} : { retryAfterMs }
  return new Problem('RATE_LIMITED', `key ${keyId}: ${reason}`, { ...after, reason, message: messages[reason] })
}
