/** What every cost budget keeps to. */
import { clockAt, type HeldClock } from '@latchkey/clock/testing'
import { describe, expect, it } from 'vitest'
import type { RateLimit } from './confinement.ts'
import { type CostBudgets, costLimit } from './cost-budgets.ts'

export type OpenCostBudgets = (arranged: {
  readonly clock: HeldClock
  readonly limit: RateLimit
}) => Promise<CostBudgets>

let people = 0
const someone = () => `user:usr_${people++}_${process.pid}`

export function keepsCostBudgets(open: OpenCostBudgets): void {
  const arranged = async (perMinute: number) => {
    const clock = clockAt('2030-01-01T00:00:00Z')
    return { clock, budgets: await open({ clock, limit: costLimit(perMinute) }) }
  }
  const spent = (answers: readonly { readonly outcome: string }[]) =>
    answers.filter(({ outcome }) => outcome === 'SPENT').length

  describe('a cost budget', () => {
    it('grants exactly as much as there is, of any number who ask at once, and each their own', async () => {
      const { budgets } = await arranged(1_000)
      const [ada, bob] = [someone(), someone()]
      const asked = await Promise.all(Array.from({ length: 400 }, (_, at) => budgets.spend(at % 2 ? ada : bob, 100)))
      expect(spent(asked)).toBe(20)
      expect(spent(asked.filter((_, at) => at % 2))).toBe(10)
    })

    it('grants to the last of it, also in unequal parts', async () => {
      const { budgets } = await arranged(1_000)
      const ada = someone()
      const outcomes: string[] = []
      for (const cost of [999, 2, 1, 1]) outcomes.push((await budgets.spend(ada, cost)).outcome)
      expect(outcomes).toEqual(['SPENT', 'RATE_LIMITED', 'SPENT', 'RATE_LIMITED'])
    })

    it('says when the same would be granted, and then it is; what was refused took nothing', async () => {
      const { budgets, clock } = await arranged(600)
      const ada = someone()
      await budgets.spend(ada, 600)
      for (const _ of [1, 2, 3])
        expect(await budgets.spend(ada, 100)).toEqual({ outcome: 'RATE_LIMITED', retryAfterMs: 10_000 })
      clock.advance(9_999)
      expect((await budgets.spend(ada, 100)).outcome).toBe('RATE_LIMITED')
      clock.advance(1)
      expect((await budgets.spend(ada, 100)).outcome).toBe('SPENT')
    })

    it('never grants more than there may be at once, and does not say when', async () => {
      const { budgets } = await arranged(100)
      expect(await budgets.spend(someone(), 101)).toEqual({ outcome: 'RATE_LIMITED' })
      expect(await budgets.spend(someone(), Number.MAX_SAFE_INTEGER)).toEqual({ outcome: 'RATE_LIMITED' })
    })

    it('is whole again after a minute, and never more than whole', async () => {
      const { budgets, clock } = await arranged(100)
      const ada = someone()
      await budgets.spend(ada, 100)
      clock.advance(3_600_000)
      expect(spent(await Promise.all(Array.from({ length: 30 }, () => budgets.spend(ada, 10))))).toBe(10)
    })
  })
}
