/** The budgets of a single process: they end with it, and what was written down of the uses is where they go on. */
import type { Clock } from '@latchkey/clock'
import type { ApiKeyRecord } from '../records/credential-records.ts'
import { type BudgetChoice, limitsOfKey, usesIdOf } from './budget-terms.ts'
import type { RateLimit } from './confinement.ts'
import { added, debtName, paidOff, roomFor, stateOf, takenBy } from './gcra.ts'
import type { CountedBudgets, LoadUsesSpent, Spending, UsesSpent } from './key-budgets.ts'
import { laterUses, markOf, nothingSpent, usesNow } from './uses-spent.ts'
import { verdictOf } from './verdict-of-spending.ts'

export interface MemoryBudgetsOptions {
  readonly clock: Clock
  readonly terms: BudgetChoice
  readonly loadUsesSpent: LoadUsesSpent
}

/** What is owed of some limits, as of a moment. */
interface Debts {
  readonly atMs: number
  readonly owed: ReadonlyMap<string, number>
  /** When all of it is paid off. */
  readonly wholeAtMs: number
}

interface Owed {
  readonly limit: RateLimit
  readonly debt: number
}

const sweepEvery = 10_000

export function memoryKeyBudgets({ clock, terms, loadUsesSpent }: MemoryBudgetsOptions): CountedBudgets {
  const keys = new Map<string, Debts>()
  const owners = new Map<string, Debts>()
  const uses = new Map<string, UsesSpent>()
  const unwritten = new Set<string>()
  let untilSweep = sweepEvery

  async function learnUses(key: ApiKeyRecord): Promise<void> {
    const [issue, usesId] = [key.confinement?.uses?.issue, usesIdOf(key)]
    if (issue === undefined || (uses.get(usesId)?.issue ?? -1) >= issue) return
    const told = await loadUsesSpent(usesId)
    uses.set(usesId, laterUses(uses.get(usesId) ?? nothingSpent, told ?? nothingSpent))
  }

  function sweep(nowMs: number): void {
    untilSweep = sweepEvery
    for (const debts of [keys, owners])
      for (const [id, { wholeAtMs }] of debts) if (wholeAtMs <= nowMs) debts.delete(id)
  }

  /** Decides in one step: nobody comes in between. */
  function decide(key: ApiKeyRecord, cost: number, planned: number): Spending {
    const nowMs = clock.now().getTime()
    if (--untilSweep <= 0) sweep(nowMs)
    const own = owedNow(keys.get(key.keyId), limitsOfKey(key, terms), nowMs)
    const owner = owedNow(owners.get(key.ownerId), terms === 'unlimited' ? [] : [terms.owner], nowMs)
    const allowance = key.confinement?.uses
    const known = allowance && usesNow(uses.get(usesIdOf(key)) ?? nothingSpent, allowance, nowMs)
    const hasRoom = [...own, ...owner].every(
      ({ limit, debt }) => roomFor(debt, takenBy(cost, planned, limit), limit) > 0,
    )
    const hasUses = !allowance || !known || known.spent + cost <= allowance.limit
    const granted = cost === 0 || (hasRoom && hasUses)
    if (granted && cost > 0) {
      keep(keys, key.keyId, own, { cost, planned, nowMs })
      keep(owners, key.ownerId, owner, { cost, planned, nowMs })
      if (known) {
        uses.set(usesIdOf(key), { ...known, spent: known.spent + cost })
        unwritten.add(usesIdOf(key))
      }
    }
    const balance = { debts: [...own, ...owner].map(({ debt }) => debt), usesSpent: known?.spent ?? null }
    return verdictOf(balance, { granted, spentBefore: 0 }, { key, cost, planned, terms, nowMs })
  }

  return {
    async spend(key, cost = 1, planned = 1) {
      await learnUses(key)
      return decide(key, cost, planned)
    },
    unwritten: async (max) =>
      [...unwritten].slice(0, max).flatMap((keyId) => {
        const spent = uses.get(keyId)
        return spent ? [{ keyId, mark: markOf(spent), ...spent }] : []
      }),
    async written(those) {
      for (const { keyId, mark } of those) {
        const spent = uses.get(keyId)
        if (!spent || markOf(spent) === mark) unwritten.delete(keyId)
      }
    },
  }
}

/** A clock that went back pays nothing off. */
const owedNow = (debts: Debts | undefined, limits: readonly RateLimit[], nowMs: number): Owed[] =>
  limits.map((limit) => ({
    limit,
    debt: debts ? paidOff(debts.owed.get(debtName(limit)) ?? 0, nowMs - debts.atMs, limit) : 0,
  }))

interface Taken {
  readonly cost: number
  readonly planned: number
  readonly nowMs: number
}

function keep(kept: Map<string, Debts>, id: string, owed: readonly Owed[], { cost, planned, nowMs }: Taken): void {
  if (owed.length === 0) return
  const after = owed.map(({ limit, debt }) => ({
    ...{ limit, debt: added(debt, takenBy(cost, planned, limit), limit) },
  }))
  const atMs = Math.max(nowMs, kept.get(id)?.atMs ?? 0)
  kept.set(id, {
    atMs,
    owed: new Map(after.map(({ limit, debt }) => [debtName(limit), debt])),
    wholeAtMs: atMs + Math.max(...after.map(({ limit, debt }) => stateOf(debt, limit).resetMs)),
  })
}
