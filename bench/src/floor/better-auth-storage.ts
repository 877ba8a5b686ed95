/** What better-auth keeps in Redis, as its guide sets it up. */
import { Redis } from 'ioredis'

export function redisStorage(url: string) {
  const redis = new Redis(url)
  const nameOf = (key: string) => `better-auth:${key}`
  return {
    get: (key: string) => redis.get(nameOf(key)),
    getAndDelete: (key: string) => redis.getdel(nameOf(key)),
    async increment(key: string, ttl: number) {
      const count = await redis.incr(nameOf(key))
      if (count === 1) await redis.expire(nameOf(key), ttl)
      return count
    },
    async set(key: string, value: string, ttl?: number) {
      await (ttl === undefined ? redis.set(nameOf(key), value) : redis.set(nameOf(key), value, 'EX', ttl))
    },
    async delete(key: string) {
      await redis.del(nameOf(key))
    },
  }
}
