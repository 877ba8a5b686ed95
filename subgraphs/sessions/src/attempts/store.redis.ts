/** Attempt counters in Redis, shared by every process. */
import { minuteMs } from '@latchkey/clock'
import { orUnavailable, type Redis } from '@latchkey/principal/redis'
import { nowInScript } from '@latchkey/principal/redis-time'
import type { CounterPolicy } from './limits.ts'
import type { AttemptStore, Taken, TakenTry } from './store.ts'

const tellNow = `${nowInScript}
return now`

/** How long an empty counter is known to be empty. */
const emptyForMs = 15 * minuteMs

// `judgeTries` where the tries are: a sorted set of them by time, and `known` among them, which says that the counter was not
// lost. A plain counter would let twice as many through at the border of two windows. Only what is granted is added, so a set
// never holds more than there are tries. Where places make no difference their number is enough: a network may have many.
const take = `${nowInScript}
local key, place, try = KEYS[1], ARGV[1], ARGV[2]
local max, window = tonumber(ARGV[3]), tonumber(ARGV[4])
local placeMax, placeWindow, lock, lockMax = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
if ARGV[9] == 'ask' and redis.call('EXISTS', key) == 0 then return {'unknown', now} end
for at = 10, #ARGV, 2 do redis.call('ZADD', key, 'NX', ARGV[at + 1], ARGV[at]) end
redis.call('ZADD', key, now, 'known')
redis.call('ZREMRANGEBYSCORE', key, '-inf', now - window)
redis.call('PEXPIRE', key, window)
if placeMax == 0 then
  local count = redis.call('ZCARD', key) - 1
  if count >= max then
    local leaving = redis.call('ZRANGE', key, count - max, count - max, 'WITHSCORES')
    return {'denied', now, leaving[2] + window - now}
  end
  redis.call('ZADD', key, now, place .. ':' .. try)
  return {'granted', now, (count + 1 >= max) and 'anywhere' or ''}
end
local kept = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
local all, here = {}, {}
for at = 1, #kept, 2 do
  if kept[at] ~= 'known' then
    all[#all + 1] = tonumber(kept[at + 1])
    if string.sub(kept[at], 1, #place + 1) == place .. ':' then here[#here + 1] = tonumber(kept[at + 1]) end
  end
end
local function lockedUntil(times)
  local level, ends, recent = 0, 0, {}
  for _, time in ipairs(times) do
    if level > 0 and time < ends + placeWindow then
      level = level + 1
    else
      local fresh = {}
      if level == 0 then
        for _, earlier in ipairs(recent) do if earlier > time - placeWindow then fresh[#fresh + 1] = earlier end end
      end
      fresh[#fresh + 1] = time
      recent, level = fresh, (#fresh >= placeMax) and 1 or 0
    end
    ends = (level > 0) and time + math.min(lock * 2 ^ (level - 1), lockMax) or 0
  end
  return ends
end
local ends = lockedUntil(here)
if ends > now then return {'denied', now, ends - now} end
if #all >= max then return {'denied', now, all[#all - max + 1] + window - now} end
redis.call('ZADD', key, now, place .. ':' .. try)
if #all + 1 >= max then return {'granted', now, 'anywhere'} end
here[#here + 1] = now
return {'granted', now, (lockedUntil(here) > now) and 'here' or ''}`

// What holds no try any more is of little use: it can be asked for again where the history is.
const leaveBriefly = `
if redis.call('ZCARD', KEYS[1]) == 1 and redis.call('PTTL', KEYS[1]) > ${emptyForMs} then
  redis.call('PEXPIRE', KEYS[1], ${emptyForMs})
end
return 0`

const giveBack = `redis.call('ZREM', KEYS[1], ARGV[1])${leaveBriefly}`

const forget = `
for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if string.sub(member, 1, #ARGV[1] + 1) == ARGV[1] .. ':' then redis.call('ZREM', KEYS[1], member) end
end${leaveBriefly}`

type Reply = ['unknown', number] | ['denied', number, number] | ['granted', number, 'here' | 'anywhere' | '']

function takenBy(reply: Reply): Taken {
  const [outcome, atMs] = reply
  switch (outcome) {
    case 'unknown':
      return { outcome, atMs }
    case 'denied':
      return { outcome, atMs, retryAfterMs: reply[2] }
    default:
      return { outcome, atMs, last: reply[2] || null }
  }
}

const memberOf = ({ place, id }: TakenTry) => `${place}:${id}`

const numbersOf = ({ max, windowMs, perPlace }: CounterPolicy) => [
  ...[max, windowMs],
  ...(perPlace ? [perPlace.max, perPlace.windowMs, perPlace.lockMs, perPlace.lockMsMax] : [0, 0, 0, 0]),
]

export function redisAttemptStore({ redis, prefix }: { redis: Redis; prefix: string }): AttemptStore {
  const keyOf = (counter: string) => `${prefix}attempts:{${counter}}`

  return {
    // The script makes no other reply.
    now: async () => new Date((await orUnavailable(redis.eval(tellNow, 0))) as number),
    async take(counter, { id, place }, policy, known) {
      const past = known?.flatMap((made) => [memberOf(made), made.atMs]) ?? []
      const asked = [place, id, ...numbersOf(policy), known ? 'told' : 'ask', ...past]
      // The script above makes no other reply.
      return takenBy((await orUnavailable(redis.eval(take, 1, keyOf(counter), ...asked))) as Reply)
    },
    async giveBack(counter, taken) {
      await orUnavailable(redis.eval(giveBack, 1, keyOf(counter), memberOf(taken)))
    },
    async forget(counter, place) {
      await orUnavailable(redis.eval(forget, 1, keyOf(counter), place))
    },
    async drop(counter) {
      await orUnavailable(redis.del(keyOf(counter)))
    },
  }
}
