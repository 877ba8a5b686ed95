/** Budgets as their contract arranges them, with the clock held still. */
import { randomUUID } from 'node:crypto'
import { clockAt, type HeldClock } from '@latchkey/clock/testing'
import type { ApiKeyRecord } from '../records/credential-records.ts'
import { type BudgetChoice, budgetTerms } from './budget-terms.ts'
import type { Confinement, RateLimit } from './confinement.ts'
import type { CountedBudgets, LoadUsesSpent, Spending } from './key-budgets.ts'

interface Arranged {
  readonly clock: HeldClock
  readonly terms: BudgetChoice
  readonly loadUsesSpent: LoadUsesSpent
}

/** `forget` loses all that is known of a key, as a store may. */
interface Opened {
  readonly budgets: CountedBudgets
  forget(keyId: string): Promise<void>
}

export const usual = budgetTerms({ key: { perMinute: 600, burst: 100 }, owner: { perMinute: 6_000, burst: 1_000 } })

export const aKey = (confinement: Confinement = {}, ownerId = `usr_${randomUUID()}`): ApiKeyRecord => ({
  ...{ keyId: randomUUID(), version: 1, ownerId, secretMac: '', pepperId: 'p', scopes: [] },
  ...{ confinement, environment: 'test', expiresAtMs: null, revokedAtMs: null },
})

export const limited = (limit: number, windowSeconds: number, burst: number, name = 'own'): RateLimit => ({
  ...{ name, limit, windowSeconds, burst },
})

export const granted = (spent: readonly Spending[]): number => spent.filter(({ outcome }) => outcome === 'SPENT').length
export const left = ({ limits }: Spending) => Object.fromEntries(limits.map(({ name, remaining }) => [name, remaining]))
const never: LoadUsesSpent = async () => null

/** Opens an implementation as a test arranges it. */
export type Open = (arranged: Arranged) => Promise<Opened>

export const budgetsOf =
  (open: Open) =>
  async ({ terms = usual as BudgetChoice, loadUsesSpent = never } = {}) => {
    const clock = clockAt('2030-01-15T12:00:00Z')
    const { budgets, forget } = await open({ clock, terms, loadUsesSpent })
    const times = async (count: number, key: ApiKeyRecord, cost = 1) =>
      Promise.all(Array.from({ length: count }, () => budgets.spend(key, cost)))
    return { clock, budgets, forget, times }
  }
