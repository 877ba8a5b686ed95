/** The roll in Redis: one hash, an entry a process. */
import { minuteMs } from '@latchkey/clock'
import type { KeyringRoll, RollEntry } from './keyring-roll.ts'
import type { Redis } from './redis.ts'

export function redisKeyringRoll({ redis, prefix }: { readonly redis: Redis; readonly prefix: string }): KeyringRoll {
  const key = `${prefix}keyring-roll`
  return {
    async tell(entry) {
      await redis.pipeline().hset(key, entry.process, JSON.stringify(entry)).pexpire(key, minuteMs).exec()
    },
    async leave(process) {
      await redis.hdel(key, process)
    },
    async readSince(sinceMs) {
      const entries = Object.values(await redis.hgetall(key)).map((text) => JSON.parse(text) as RollEntry)
      return entries.filter(({ atMs }) => atMs >= sinceMs)
    },
  }
}
