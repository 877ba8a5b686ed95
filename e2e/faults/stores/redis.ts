/** What is done to a Redis of a story's own; each gives the way back. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Redis } from '@latchkey/principal/redis'

export const redisTroubles: Readonly<Record<string, (redis: Redis) => Promise<() => unknown>>> = {
  'read-only': async (redis) => {
    await redis.replicaof('127.0.0.1', 1)
    await redis.config('SET', 'replica-serve-stale-data', 'yes')
    return () => redis.replicaof('NO', 'ONE')
  },
  full: async (redis) => {
    await redis.config('SET', 'maxmemory', '1')
    return () => redis.config('SET', 'maxmemory', '0')
  },
  paused: async (redis) => {
    await redis.client('PAUSE', 1_050, 'ALL')
    // It hears nobody before that is over, us neither.
    return async () => {
      while (!(await redis.ping().catch(() => null))) await pause(20)
    }
  },
}
