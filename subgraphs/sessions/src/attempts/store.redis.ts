/** Attempt counters in Redis, shared by every process. */
import { orUnavailable, type Redis } from '@latchkey/principal/redis'
import type { AttemptKey } from './attempts.ts'
import type { AttemptStore } from './store.ts'

// A sorted set of the tries in the window, by their time: a plain counter would let twice as many through at the
// border of two windows. Only tries that are granted are added, so it never holds more than `max`.
const take = `
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[2] - ARGV[3])
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[4]) then return 0 end
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1`

export function redisAttemptStore({ redis, prefix }: { redis: Redis; prefix: string }): AttemptStore {
  const keyName = ({ identifier, network }: AttemptKey) => `${prefix}attempts:{${identifier}}:${network}`

  return {
    async take({ key, tryId, atMs }, { max, windowMs }) {
      return (await orUnavailable(redis.eval(take, 1, keyName(key), tryId, atMs, windowMs, max))) === 1
    },
    async giveBack(key, tryId) {
      await orUnavailable(redis.zrem(keyName(key), tryId))
    },
    async clear(key) {
      await orUnavailable(redis.del(keyName(key)))
    },
  }
}
