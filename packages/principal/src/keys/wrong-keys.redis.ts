/** Wrong keys in Redis, shared by every process. */
import { type Entropy, randomBase62 } from '@latchkey/clock'
import { sharedReads } from '../records/shared-reads.ts'
import { orUnavailable, type Redis } from '../redis.ts'
import { nowInScript } from '../redis-time.ts'
import { knownForMs, type WrongKeys } from './wrong-keys.ts'

// A set of what was shown, by time: a plain counter would let twice as many through at the border of two windows. That a network is
// stopped is kept beside it as a text, because that is read with every key and the set is not. Both end by themselves.
const charge = `${nowInScript}
local max, window = tonumber(ARGV[1]), tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
local count = redis.call('ZCARD', KEYS[1])
local counted = count < max
if counted then
  redis.call('ZADD', KEYS[1], now, ARGV[3])
  redis.call('PEXPIRE', KEYS[1], window)
  count = count + 1
end
if count < max then return 0 end
local leaving = redis.call('ZRANGE', KEYS[1], count - max, count - max, 'WITHSCORES')
local ends = leaving[2] + window
redis.call('SET', KEYS[2], string.format('%.0f', ends), 'PX', ends - now)
if counted then return 0 end
return ends - now`

export interface RedisWrongKeysOptions {
  readonly redis: Redis
  /** Keeps several installations, or tests, apart in one Redis. */
  readonly prefix: string
  readonly entropy: Entropy
}

export function redisWrongKeys({ redis, prefix, entropy }: RedisWrongKeysOptions): WrongKeys {
  const turn = sharedReads(redis)
  const shownKey = (network: string) => `${prefix}wrong-keys:{${network}}`
  const stoppedKey = (network: string) => `${prefix}wrong-keys:{${network}}:stopped`
  const welcomeKey = (network: string, keyId: string) => `${prefix}welcome-key:{${network}}:${keyId}`

  return {
    async stoppedForMs(network) {
      const { questions, answers } = turn()
      const at = questions.push(stoppedKey(network)) - 1
      if ((await answers)[at] == null) return 0
      return Math.max(0, await orUnavailable(redis.pttl(stoppedKey(network))))
    },
    notStopped: (network) => ({ key: stoppedKey(network), digest: null }),
    async charge(network, { max, windowMs }) {
      const keys = [shownKey(network), stoppedKey(network)]
      const asked = [max, windowMs, randomBase62(entropy, 12)]
      return Number(await orUnavailable(redis.eval(charge, 2, ...keys, ...asked)))
    },
    async welcome(network, keyId) {
      await orUnavailable(redis.set(welcomeKey(network, keyId), '', 'PX', knownForMs))
    },
    async isWelcome(network, keyId) {
      return (await orUnavailable(redis.exists(welcomeKey(network, keyId)))) === 1
    },
  }
}
