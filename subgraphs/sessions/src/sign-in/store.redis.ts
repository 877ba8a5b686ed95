/** Pending sign-ins in Redis, shared by every process: a hash for each, which ends by itself. */
import { orUnavailable, type Redis } from '@latchkey/principal/redis'
import type { Pending } from './pending.ts'
import type { PendingStore } from './store.ts'

const add = `
redis.call('HSET', KEYS[1], 'pending', ARGV[1], 'tries', ARGV[2])
if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], 'challenge', ARGV[3]) end
return redis.call('PEXPIRE', KEYS[1], ARGV[4])`

const takeTry = `
local left = tonumber(redis.call('HGET', KEYS[1], 'tries') or 0)
if left <= 0 then return 0 end
redis.call('HINCRBY', KEYS[1], 'tries', -1)
return 1`

// A field of a hash that has just ended would be a hash without an end.
const giveBackTry = `
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HINCRBY', KEYS[1], 'tries', 1) end
return 0`

const keepChallenge = `
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'challenge', ARGV[1]) end
return 0`

const takeChallenge = `
local challenge = redis.call('HGET', KEYS[1], 'challenge')
if challenge then redis.call('HDEL', KEYS[1], 'challenge') end
return challenge`

export function redisPendingStore({ redis, prefix }: { redis: Redis; prefix: string }): PendingStore {
  const keyOf = (id: string) => `${prefix}pending:{${id}}`
  const run = (script: string, id: string, ...args: readonly (string | number)[]) =>
    orUnavailable(redis.eval(script, 1, keyOf(id), ...args))

  return {
    async add(id, pending, { tries, challenge = '', lifetimeMs }) {
      await run(add, id, JSON.stringify(pending), tries, challenge, lifetimeMs)
    },
    async byId(id) {
      const text = await orUnavailable(redis.hget(keyOf(id), 'pending'))
      return text === null ? null : (JSON.parse(text) as Pending)
    },
    takeTry: async (id) => (await run(takeTry, id)) === 1,
    async giveBackTry(id) {
      await run(giveBackTry, id)
    },
    async keepChallenge(id, challenge) {
      await run(keepChallenge, id, challenge)
    },
    async takeChallenge(id) {
      const challenge = await run(takeChallenge, id)
      return typeof challenge === 'string' ? challenge : null
    },
    end: async (id) => ((await orUnavailable(redis.del(keyOf(id)))) === 1 ? 'ended' : 'not there'),
  }
}
