/** Up to where the ledger was applied to this Redis. */
import { orUnavailable, type Redis } from '@latchkey/principal/redis'
import type { AppliedMark } from './reapply.ts'

export function redisAppliedMark({ redis, prefix }: { redis: Redis; prefix: string }): AppliedMark {
  const key = `${prefix}revocations-applied`
  return {
    async read() {
      const text = await orUnavailable(redis.get(key))
      return text === null ? null : new Date(Number(text))
    },
    async write(through) {
      await orUnavailable(redis.set(key, through.getTime()))
    },
  }
}
