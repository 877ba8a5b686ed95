/** A Redis for tests, with keys of their own. */
import type { Clock } from '@latchkey/clock'
import { openRedis, type Redis } from '@latchkey/principal/redis'
import { holdRedisTime } from '@latchkey/principal/testing'
import { storePatienceMs, testRedis } from '@latchkey/prisma/testing'

/** Whether this machine has a Redis server. */
export const hasRedis = testRedis() !== null

export interface RedisFixture {
  readonly redis: Redis
  readonly prefix: string
}

/** A connection of its own; with `prefix`, to the same keys as another one; with a clock, its scripts find the time it tells. */
export async function connectRedis({ prefix, clock }: { prefix?: string; clock?: Clock } = {}): Promise<RedisFixture> {
  const target = testRedis()
  if (!target) throw new Error('this machine has no Redis server')
  const redis = openRedis(target.url, storePatienceMs)
  await redis.connect()
  if (clock) holdRedisTime(redis, clock)
  return { redis, prefix: prefix ?? target.prefix }
}

/** Every key that begins with the prefix and has no end. */
export async function keysWithoutEnd({ redis, prefix }: RedisFixture): Promise<readonly string[]> {
  const keys = await redis.keys(`${prefix}*`)
  const ends = await Promise.all(keys.map((key) => redis.pttl(key)))
  return keys.filter((_, position) => ends[position] === -1)
}
