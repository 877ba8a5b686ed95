import { setTimeout as pause } from 'node:timers/promises'
import { storePatienceMs, testRedis } from '@latchkey/prisma/testing'
import { afterAll, describe, expect, it } from 'vitest'
import { openRedis, type Redis } from '../redis.ts'
import { carriesUsage } from './key-usage.contract.ts'
import { redisUsageStream } from './key-usage.redis.ts'
import { takenMs } from './key-usage.ts'

const server = testRedis()

describe.skipIf(!server)('in Redis', () => {
  const opened: Redis[] = []
  afterAll(() => {
    for (const redis of opened) redis.disconnect()
  })

  async function connected(): Promise<Redis> {
    const redis = openRedis(server?.url ?? '', storePatienceMs)
    await redis.connect()
    opened.push(redis)
    return redis
  }

  carriesUsage(async ({ ownedMs = takenMs, ...limits } = {}) => ({
    stream: redisUsageStream({
      ...{ redis: await connected(), prefix: testRedis()?.prefix ?? '', ownedMs },
      ...limits,
    }),
    pass: () => pause(ownedMs + 10),
  }))

  it('two processes never have the same batch at once, and together they have all', async () => {
    const prefix = testRedis()?.prefix ?? ''
    const open = async () => redisUsageStream({ redis: await connected(), prefix })
    const [producer, one, other] = [await open(), await open(), await open()]
    await producer.add(Array.from({ length: 500 }, (_, at) => `${at}`))
    const taken = await Promise.all(
      Array.from({ length: 60 }, (_, at) => (at % 2 ? one : other).take(at % 2 ? 'one' : 'other', 10)),
    )
    const ids = taken.flat().map(({ id }) => id)
    expect([ids.length, new Set(ids).size]).toEqual([500, 500])
  })

  it('keeps fewer of large batches', async () => {
    const [redis, prefix] = [await connected(), testRedis()?.prefix ?? '']
    const stream = redisUsageStream({ redis, prefix, charactersMax: 1_000_000 })
    let trimmed = 0
    for (let at = 0; at < 15; at++) trimmed += (await stream.add(Array(20).fill('x'.repeat(10_000)))).trimmed
    expect([trimmed, await redis.xlen(`${prefix}key-usage`)]).toEqual([200, 100])
  })

  it('begins anew in a Redis that was emptied', async () => {
    const [redis, prefix] = [await connected(), testRedis()?.prefix ?? '']
    const stream = redisUsageStream({ redis, prefix })
    await stream.add(['a'])
    await stream.take('one', 1)
    await redis.del(`${prefix}key-usage`)
    await stream.add(['b'])
    expect((await stream.take('one', 10)).map(({ text }) => text)).toEqual(['b'])
  })

  it('without a connection the answer is UNAVAILABLE, at once', async () => {
    const redis = await connected()
    redis.disconnect()
    const stream = redisUsageStream({ redis, prefix: testRedis()?.prefix ?? '' })
    for (const asked of [stream.add(['a']), stream.take('one', 1), stream.settle(['1-1'])])
      await expect(asked).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })
})
