/** What every implementation of the budgets must do with uses. */
import { dayMs, hourMs } from '@latchkey/clock'
import { describe, expect, it } from 'vitest'
import type { ApiKeyRecord } from '../records/credential-records.ts'
import type { UseAllowance } from './confinement.ts'
import { aKey, type budgetsOf, granted, left, limited } from './key-budgets.fixture.ts'
import type { UsesSpent } from './key-budgets.ts'

export function keepsUses(budgetsWith: ReturnType<typeof budgetsOf>): void {
  describe('uses', () => {
    const counted = (uses: Partial<UseAllowance>) => aKey({ uses: { limit: 20, refill: 'NEVER', issue: 1, ...uses } })
    const givenAnew = (key: ApiKeyRecord, uses: Partial<UseAllowance>): ApiKeyRecord => ({
      ...key,
      confinement: { uses: { limit: 20, refill: 'NEVER', issue: 2, ...uses } },
      version: key.version + 1,
    })

    it('are granted exactly as often as there are, and what is beyond takes nothing', async () => {
      const { budgets, times } = await budgetsWith()
      const key = counted({})
      const spent = await times(90, key)
      expect(granted(spent)).toBe(20)
      expect(spent.filter(({ outcome }) => outcome === 'USAGE_EXCEEDED')).toHaveLength(70)
      const after = await budgets.spend(key)
      expect([after.outcome, after.usesLeft, after.retryAfterMs]).toEqual(['USAGE_EXCEEDED', 0, undefined])
      expect(left(after)).toEqual({ default: 80, owner: 980 })
    })

    it('that keys share are granted as often as there are, to whichever asks, and each has rates of its own', async () => {
      const { budgets, times } = await budgetsWith()
      const key = counted({})
      const uses = { limit: 20, refill: 'NEVER', issue: 1, of: key.keyId } as const
      const successors = [1, 2].map(() => aKey({ uses, rateLimits: [limited(8, 60, 8)] }, key.ownerId))
      const spent = await Promise.all([key, ...successors].map((each) => times(40, each)))
      expect(granted(spent.flat())).toBe(20)
      for (const each of [key, ...successors]) {
        expect((await budgets.spend(each)).outcome).not.toBe('SPENT')
        expect((await budgets.spend(each, 0)).usesLeft).toBe(0)
      }
      const named = (await budgets.unwritten(1_000)).map(({ keyId }) => keyId)
      expect([key, ...successors].map(({ keyId }) => named.includes(keyId))).toEqual([true, false, false])
    })

    it('are judged after the rates: both exceeded is told as the rate', async () => {
      const { budgets, times } = await budgetsWith()
      const key = aKey({ rateLimits: [limited(2, 60, 2)], uses: { limit: 2, refill: 'DAILY', issue: 1 } })
      await times(2, key)
      expect(await budgets.spend(key)).toMatchObject({ outcome: 'RATE_LIMITED', usesLeft: 0, retryAfterMs: 30_000 })
    })

    it.each([
      ['DAILY', 12 * hourMs],
      ['MONTHLY', 16 * dayMs + 12 * hourMs],
    ] as const)('with %s refill are replaced, not added to, as the period begins in UTC', async (refill, untilMs) => {
      const { clock, budgets, times } = await budgetsWith()
      const key = counted({ refill })
      await times(5, key)
      clock.advance(untilMs - 1)
      expect((await budgets.spend(key)).usesLeft).toBe(14)
      await times(14, key)
      expect(await budgets.spend(key)).toMatchObject({ outcome: 'USAGE_EXCEEDED', retryAfterMs: 1 })
      clock.advance(1)
      expect(granted(await times(50, key))).toBe(20)
    })

    it('that are given anew begin anew, also with the same number', async () => {
      const { budgets, times } = await budgetsWith()
      const key = counted({})
      await times(20, key)
      const again = givenAnew(key, {})
      expect(granted(await times(50, again))).toBe(20)
      // A process that has not heard of it yet gives nothing back.
      expect(granted(await times(9, key))).toBe(0)
      expect((await budgets.spend(again)).outcome).toBe('USAGE_EXCEEDED')
    })

    it('go on from what was written down, when they were forgotten', async () => {
      const written = { issue: 1, periodMs: 0, spent: 15 }
      const { budgets, forget, times } = await budgetsWith({ loadUsesSpent: async () => written })
      const key = counted({})
      expect(granted(await times(50, key))).toBe(5)
      await forget(key.keyId)
      expect(granted(await times(50, key))).toBe(5)
      expect((await budgets.spend(givenAnew(key, { limit: 3 }))).usesLeft).toBe(2)
    })

    it('are asked for once, also when nothing is left of them', async () => {
      let asked = 0
      const loadUsesSpent = async () => {
        asked += 1
        return { issue: 1, periodMs: 0, spent: 20 }
      }
      const { budgets } = await budgetsWith({ loadUsesSpent })
      const key = counted({})
      for (const _ of [1, 2, 3]) expect((await budgets.spend(key)).outcome).toBe('USAGE_EXCEEDED')
      expect(asked).toBe(1)
    })

    it('of which only an older issue is known are asked for: it may be an old copy', async () => {
      let written: UsesSpent | null = null
      const { times } = await budgetsWith({ loadUsesSpent: async () => written })
      const key = counted({})
      await times(3, key)
      written = { issue: 2, periodMs: 0, spent: 15 }
      expect(granted(await times(50, givenAnew(key, {})))).toBe(5)
    })

    it('that nobody can tell of are not granted', async () => {
      const loadUsesSpent = () => Promise.reject(new Error('gone'))
      const { budgets } = await budgetsWith({ loadUsesSpent })
      await expect(budgets.spend(counted({}))).rejects.toThrow('gone')
      expect((await budgets.spend(aKey())).outcome).toBe('SPENT')
    })

    it('count also where no rate is limited', async () => {
      const { budgets, times } = await budgetsWith({ terms: 'unlimited' })
      expect(granted(await times(50, counted({})))).toBe(20)
      expect(granted(await times(300, aKey({ rateLimits: [limited(1, 60, 1)] })))).toBe(300)
      expect(await budgets.spend(aKey())).toEqual({ outcome: 'SPENT', limits: [], usesLeft: null })
    })

    it('are unwritten from the moment they are spent until what was read is written', async () => {
      const { budgets, times } = await budgetsWith()
      const key = counted({})
      const mine = async () => (await budgets.unwritten(1_000)).filter(({ keyId }) => keyId === key.keyId)
      await budgets.spend(key, 0)
      expect(await mine()).toEqual([])
      await times(3, key)
      const seen = await mine()
      expect(seen).toMatchObject([{ keyId: key.keyId, issue: 1, periodMs: 0, spent: 3 }])
      await times(1, key)
      await budgets.written(seen)
      const next = await mine()
      expect(next).toMatchObject([{ spent: 4 }])
      await budgets.written(next)
      expect(await mine()).toEqual([])
    })
  })
}
