/** What every implementation of the budgets must do with rates. */
import { randomUUID } from 'node:crypto'
import { hourMs, minuteMs, secondMs } from '@latchkey/clock'
import { describe, expect, it } from 'vitest'
import { budgetTerms } from './budget-terms.ts'
import type { RateLimit } from './confinement.ts'
import { aKey, budgetsOf, granted, left, limited, type Open } from './key-budgets.fixture.ts'
import { keepsUses } from './key-uses.contract.ts'

/** The textbook: the theoretical arrival time of the next request, in ticks of 1/limit of a millisecond. */
function textbook({ limit, windowSeconds, burst }: RateLimit) {
  const [rate, tick] = [BigInt(limit), BigInt(windowSeconds * 1_000)]
  let arrival = 0n
  const then = (nowMs: number, cost: number) => {
    const now = BigInt(nowMs) * rate
    return { now, next: (arrival > now ? arrival : now) + BigInt(cost) * tick }
  }
  return {
    conforms(nowMs: number, cost: number) {
      const { now, next } = then(nowMs, cost)
      return next - now <= BigInt(burst) * tick
    },
    take(nowMs: number, cost: number) {
      arrival = then(nowMs, cost).next
    },
  }
}

export function keepsBudgets(open: Open): void {
  const budgetsWith = budgetsOf(open)

  describe('a rate limit', () => {
    it('grants its burst at once, then one more with each interval, to the millisecond', async () => {
      const { clock, times } = await budgetsWith()
      const key = aKey()
      expect(granted(await times(200, key))).toBe(100)
      clock.advance(99)
      expect(granted(await times(5, key))).toBe(0)
      clock.advance(1)
      expect(granted(await times(5, key))).toBe(1)
      clock.advance(10 * secondMs)
      expect(granted(await times(200, key))).toBe(100)
    })

    it('grants no more than its burst and what flows back in any stretch of time', async () => {
      const { clock, times } = await budgetsWith()
      const key = aKey({ rateLimits: [limited(7, 60, 3)] })
      let all = 0
      for (let second = 0; second <= 120; second++) {
        all += granted(await times(2, key))
        clock.advance(secondMs)
      }
      expect(all).toBe(3 + 14)
    })

    it('says what is left, when it is whole again and when to come back', async () => {
      const { clock, budgets, times } = await budgetsWith()
      const key = aKey({ rateLimits: [limited(10, 60, 4)] })
      expect(await budgets.spend(key)).toMatchObject({
        outcome: 'SPENT',
        limits: [
          { name: 'own', limit: 10, windowMs: minuteMs, burst: 4, remaining: 3, resetMs: 6_000 },
          { name: 'owner', limit: 6_000, windowMs: minuteMs, burst: 1_000, remaining: 999, resetMs: 10 },
        ],
        usesLeft: null,
      })
      expect((await times(3, key)).map((spent) => left(spent).own)).toEqual([2, 1, 0])
      expect(await budgets.spend(key)).toMatchObject({ outcome: 'RATE_LIMITED', retryAfterMs: 6_000 })
      clock.advance(5_999)
      expect(await budgets.spend(key)).toMatchObject({ outcome: 'RATE_LIMITED', retryAfterMs: 1 })
      clock.advance(1)
      expect(await budgets.spend(key)).toMatchObject({ outcome: 'SPENT', limits: [{ remaining: 0 }, {}] })
    })

    it('is weakest where several apply, and a refusal by one takes nothing from the others', async () => {
      const { budgets, times } = await budgetsWith()
      const key = aKey({ rateLimits: [limited(100, 60, 50, 'wide'), limited(1, 60, 2, 'narrow')] })
      expect(granted(await times(20, key))).toBe(2)
      expect(left(await budgets.spend(key, 0))).toEqual({ wide: 48, narrow: 0, owner: 998 })
    })

    it('costs what a request is said to cost, and refuses for ever what is more than a burst', async () => {
      const { budgets, times } = await budgetsWith()
      const key = aKey({ rateLimits: [limited(10, 60, 10)] })
      expect(granted(await times(5, key, 4))).toBe(2)
      expect(await budgets.spend(key, 4)).toMatchObject({ outcome: 'RATE_LIMITED', retryAfterMs: 12_000 })
      expect(granted(await times(5, key, 1))).toBe(2)
      const beyond = await budgets.spend(key, 11)
      expect([beyond.outcome, beyond.retryAfterMs]).toEqual(['RATE_LIMITED', undefined])
    })

    it('that only is looked at loses nothing, and is never refused', async () => {
      const { budgets, times } = await budgetsWith()
      const key = aKey({ rateLimits: [limited(1, 60, 1)] })
      for (const remaining of [1, 1]) expect(left(await budgets.spend(key, 0)).own).toBe(remaining)
      await times(3, key)
      expect(await budgets.spend(key, 0)).toMatchObject({ outcome: 'SPENT', limits: [{ remaining: 0 }, {}] })
    })

    it('that counts costs takes what each request costs, beside the limit of requests, and a refusal takes nothing of either', async () => {
      const { budgets, clock } = await budgetsWith()
      const key = aKey({ rateLimits: [{ ...limited(600, 60, 500, 'costs'), unit: 'cost' }] })
      const spend = (planned: number, requests = 1) => budgets.spend(key, requests, planned)
      const race = await Promise.all(Array.from({ length: 40 }, (_, at) => spend(at % 2 ? 100 : 60)))
      const taken = race.reduce((sum, { outcome }, at) => sum + (outcome === 'SPENT' ? (at % 2 ? 100 : 60) : 0), 0)
      expect(taken).toBeGreaterThan(500 - 60)
      expect(left(await spend(0, 0))).toEqual({
        costs: 500 - taken,
        default: 100 - granted(race),
        owner: 1_000 - granted(race),
      })
      expect(await spend(100)).toMatchObject({ outcome: 'RATE_LIMITED', retryAfterMs: (100 - (500 - taken)) * 100 })
      clock.advance((100 - (500 - taken)) * 100)
      expect((await spend(100)).outcome).toBe('SPENT')
      expect(await spend(501)).toMatchObject({ outcome: 'RATE_LIMITED' })
      expect((await spend(501)).retryAfterMs).toBeUndefined()
    })

    it('that counts costs counts at least one for each request', async () => {
      const { budgets } = await budgetsWith()
      const key = aKey({ rateLimits: [{ ...limited(3, 60, 3, 'costs'), unit: 'cost' }] })
      const spent = await Promise.all(Array.from({ length: 9 }, () => budgets.spend(key, 1, 0)))
      expect(granted(spent)).toBe(3)
    })

    it('of requests is that of every key where only costs are named, and not where requests are', async () => {
      const { budgets } = await budgetsWith()
      const costs = { ...limited(100, 60, 100, 'costs'), unit: 'cost' as const }
      expect(Object.keys(left(await budgets.spend(aKey({ rateLimits: [costs] }))))).toEqual([
        'costs',
        'default',
        'owner',
      ])
      const both = aKey({ rateLimits: [costs, limited(5, 60, 5, 'few')] })
      expect(Object.keys(left(await budgets.spend(both)))).toEqual(['costs', 'few', 'owner'])
    })

    it('holds for each key alone', async () => {
      const { times } = await budgetsWith()
      const ownerId = randomUUID()
      const keys = [1, 2, 3].map(() => aKey({ rateLimits: [limited(5, 60, 5)] }, ownerId))
      expect((await Promise.all(keys.map((key) => times(9, key)))).map(granted)).toEqual([5, 5, 5])
    })

    it('agrees with the textbook on any course of events', async () => {
      const { clock, budgets } = await budgetsWith()
      let seed = 11
      const random = (below: number) => {
        seed = (seed * 48_271) % 2_147_483_647
        return seed % below
      }
      const limits = [
        limited(7, 13, 5, 'odd'),
        limited(1_000_000, 86_400, 3, 'fast'),
        limited(3, 2_592_000, 900_000, 'wide'),
      ]
      const [key, models] = [aKey({ rateLimits: limits }), limits.map(textbook)]
      const found: string[] = []
      for (let turn = 0; turn < 300; turn++) {
        clock.advance([0, 0, 1, 87, 1_857, 30_000][random(6)] ?? 0)
        const [nowMs, cost] = [clock.now().getTime(), 1 + random(3)]
        const conforms = models.every((model) => model.conforms(nowMs, cost))
        if (conforms) for (const model of models) model.take(nowMs, cost)
        const { outcome } = await budgets.spend(key, cost)
        expect(outcome, `turn ${turn}`).toBe(conforms ? 'SPENT' : 'RATE_LIMITED')
        found.push(outcome)
      }
      expect(new Set(found).size).toBe(2)
    })

    it('is told truly: after `retryAfterMs` the same is granted, and not a millisecond before', async () => {
      const { clock, budgets, times } = await budgetsWith()
      const key = aKey({ rateLimits: [limited(7, 13, 2), limited(11, 60, 5, 'other')] })
      for (let round = 0; round < 20; round++) {
        await times(4, key)
        const { retryAfterMs = 0 } = await budgets.spend(key)
        clock.advance(retryAfterMs - 1)
        expect((await budgets.spend(key)).outcome).toBe('RATE_LIMITED')
        clock.advance(1)
        expect((await budgets.spend(key)).outcome).toBe('SPENT')
      }
    })

    it('loses nothing to a clock that is behind', async () => {
      const { clock, times } = await budgetsWith()
      const key = aKey({ rateLimits: [limited(60, 60, 5)] })
      await times(1, key)
      clock.advance(-hourMs)
      expect(granted(await times(9, key))).toBe(4)
    })

    it('gains nothing from a clock that goes back', async () => {
      const { clock, times } = await budgetsWith()
      const key = aKey({ rateLimits: [limited(60, 60, 5)] })
      expect(granted(await times(9, key))).toBe(5)
      for (const stepMs of [-hourMs, 1_000, -2_000, hourMs]) {
        clock.advance(stepMs)
        expect(granted(await times(9, key))).toBe(0)
      }
      clock.advance(2_000)
      expect(granted(await times(9, key))).toBe(1)
    })
  })

  describe('the limit of an owner', () => {
    const terms = budgetTerms({ key: { perMinute: 600, burst: 100 }, owner: { perMinute: 60, burst: 30 } })

    it('is one for all their keys, and what it refuses leaves the keys as they were', async () => {
      const { budgets, times } = await budgetsWith({ terms })
      const ownerId = randomUUID()
      const keys = [
        aKey({}, ownerId),
        aKey({}, ownerId),
        aKey({ uses: { limit: 50, refill: 'NEVER', issue: 1 } }, ownerId),
      ]
      const spent = await Promise.all(keys.map((key) => times(70, key)))
      expect(granted(spent.flat())).toBe(30)
      for (const [at, key] of keys.entries())
        expect(left(await budgets.spend(key, 0))).toEqual({ default: 100 - granted(spent[at] ?? []), owner: 0 })
      expect((await budgets.spend(keys[2] ?? aKey(), 0)).usesLeft).toBe(50 - granted(spent[2] ?? []))
      expect(await budgets.spend(aKey({}, ownerId))).toMatchObject({ outcome: 'RATE_LIMITED', retryAfterMs: 1_000 })
    })

    it('loses nothing to a key that is used up', async () => {
      const { budgets, times } = await budgetsWith({ terms })
      const ownerId = randomUUID()
      const [small, other] = [aKey({ rateLimits: [limited(2, 60, 2)] }, ownerId), aKey({}, ownerId)]
      const [ofSmall, ofOther] = await Promise.all([times(150, small), times(28, other)])
      expect([granted(ofSmall), granted(ofOther)]).toEqual([2, 28])
      expect(left(await budgets.spend(other, 0)).owner).toBe(0)
    })

    it('is told to each as it stands after what was granted before', async () => {
      const { times } = await budgetsWith({ terms })
      const keys = [aKey({}, 'usr_told'), aKey({}, 'usr_told')]
      const spent = await Promise.all(keys.map((key) => times(2, key)))
      expect(spent.flat().map((each) => left(each).owner)).toEqual([29, 28, 27, 26])
    })

    it('is another one for another owner', async () => {
      const { times } = await budgetsWith({ terms })
      expect((await Promise.all([times(40, aKey()), times(40, aKey())])).map(granted)).toEqual([30, 30])
    })
  })

  keepsUses(budgetsWith)
}
