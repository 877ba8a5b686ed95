/** The state of refresh tokens in Redis: one hash for each session, in the slot of the session's record. */
import { sessionKey } from '@latchkey/principal/credential-records.redis'
import { orUnavailable, type Redis } from '@latchkey/principal/redis'
import { nowInScript } from '@latchkey/principal/redis-time'
import type { RefreshStore, Rotation } from './store.ts'

export const refreshKey = (prefix: string, sessionId: string): string => `${prefix}refresh:{${sessionId}}`

const begin = `${nowInScript}
redis.call('HSET', KEYS[1], 'counter', 1, 'rotatedAtMs', now, 'userId', ARGV[1], 'endsAtMs', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[3] - ARGV[2])`

// The token before the current one is known by its number; that its successor is unused needs no mark, for the use of
// the successor would have made that one the token before.
const rotate = `${nowInScript}
local kept = redis.call('HMGET', KEYS[1], 'counter', 'rotatedAtMs', 'userId', 'endsAtMs', 'reused')
if not kept[1] then return {'unknown'} end
local counter, presented = tonumber(kept[1]), tonumber(ARGV[1])
if not kept[5] then
  if presented == counter then
    redis.call('HSET', KEYS[1], 'counter', counter + 1, 'rotatedAtMs', now)
    return {'rotated', kept[3], counter + 1}
  end
  if presented == counter - 1 and now - tonumber(kept[2]) <= tonumber(ARGV[2]) then
    return {'repeated', kept[3], counter}
  end
end
redis.call('HSET', KEYS[1], 'reused', 1)
redis.call('DEL', KEYS[2])
return {'reused', kept[3], kept[4]}`

type Reply = ['unknown'] | ['rotated' | 'repeated', string, number] | ['reused', string, string]

function rotationOf(reply: Reply): Rotation {
  switch (reply[0]) {
    case 'unknown':
      return { outcome: 'unknown' }
    case 'reused':
      return { outcome: 'reused', userId: reply[1], endsAtMs: Number(reply[2]) }
    default:
      return { outcome: reply[0], userId: reply[1], counter: reply[2] }
  }
}

export function redisRefreshStore({ redis, prefix }: { redis: Redis; prefix: string }): RefreshStore {
  return {
    async begin({ sessionId, userId, endsAtMs }, nowMs) {
      await orUnavailable(redis.eval(begin, 1, refreshKey(prefix, sessionId), userId, nowMs, endsAtMs))
    },
    async rotate({ sessionId, counter }, { graceMs }) {
      const keys = [refreshKey(prefix, sessionId), sessionKey(prefix, sessionId)]
      // The script above makes no other reply.
      return rotationOf((await orUnavailable(redis.eval(rotate, 2, ...keys, counter, graceMs))) as Reply)
    },
  }
}
