import { clockAt } from '@latchkey/clock/testing'
import { storePatienceMs, testRedis } from '@latchkey/prisma/testing'
import { afterAll, describe, expect, it } from 'vitest'
import { openRedis, type Redis } from '../redis.ts'
import { holdRedisTime } from '../testing.ts'
import { keepsCostBudgets } from './cost-budgets.contract.ts'
import { redisCostBudgets } from './cost-budgets.redis.ts'
import { costLimit } from './cost-budgets.ts'

const server = testRedis()

describe.skipIf(!server)('in Redis', () => {
  const prefix = server?.prefix ?? ''
  const opened: Redis[] = []
  afterAll(() => {
    for (const redis of opened) redis.disconnect()
  })

  /** Where no time passes, but by a clock. */
  async function connected(clock = clockAt('2030-01-01T00:00:00Z')): Promise<Redis> {
    const redis = openRedis(server?.url ?? '', storePatienceMs)
    await redis.connect()
    holdRedisTime(redis, clock)
    opened.push(redis)
    return redis
  }
  const arranged = { prefix, limit: costLimit(1_000) }

  keepsCostBudgets(async ({ clock, limit }) => redisCostBudgets({ redis: await connected(clock), prefix, limit }))

  it('grants exactly as much as there is over several processes, and ends by itself', async () => {
    const redis = await connected()
    const processes = [redis, await connected(), await connected()].map((each) =>
      redisCostBudgets({ redis: each, ...arranged }),
    )
    const asked = Array.from({ length: 300 }, (_, at) => processes[at % 3]?.spend('user:shared', 30))
    const granted = (await Promise.all(asked)).filter((answer) => answer?.outcome === 'SPENT')
    expect(granted).toHaveLength(33)
    expect(await redis.pttl(`${prefix}cost-budget:{user:shared}`)).toBeGreaterThan(0)
  })

  it('grants nothing when Redis is not there', async () => {
    const redis = await connected()
    const budgets = redisCostBudgets({ redis, ...arranged })
    redis.disconnect()
    await expect(budgets.spend('user:any', 1)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })
})
