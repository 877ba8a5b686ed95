/** Sessions in Redis: a record for each, read on every request, and an index for each user. */
import type { CredentialRecords, SessionRecord } from '@latchkey/principal/credential-records'
import { sessionKey } from '@latchkey/principal/credential-records.redis'
import { orUnavailable, type Redis } from '@latchkey/principal/redis'
import { refreshKey } from '../tokens/store.redis.ts'
import type { SessionStore } from './store.ts'

interface RedisSessionDependencies {
  readonly redis: Redis
  readonly prefix: string
  readonly records: CredentialRecords
}

// Whatever began longer ago than a session can last is gone from the index; the answer is how many are left.
const index = `
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[2] - ARGV[3])
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return redis.call('ZCARD', KEYS[1])`

const end = `
redis.call('DEL', KEYS[2])
return redis.call('DEL', KEYS[1])`

const parsed = (text: string | null) => (text === null ? null : (JSON.parse(text) as SessionRecord))

export function redisSessionStore({ redis, prefix, records }: RedisSessionDependencies): SessionStore {
  const indexKey = (userId: string) => `${prefix}sessions:{${userId}}`
  const read = async (sessionId: string) => parsed(await redis.get(sessionKey(prefix, sessionId)))

  /** The index may name sessions that ended by themselves: they are left out, and forgotten. */
  async function living(userId: string, ids: readonly string[]): Promise<readonly SessionRecord[]> {
    const sessions = await Promise.all(ids.map(read))
    const gone = ids.filter((_, position) => !sessions[position])
    if (gone.length > 0) await redis.zrem(indexKey(userId), ...gone)
    return sessions.filter((session) => session !== null)
  }

  async function ofUser(userId: string, max: number): Promise<readonly SessionRecord[]> {
    return living(userId, await redis.zrevrange(indexKey(userId), 0, max - 1))
  }

  async function add(session: SessionRecord, absoluteMs: number): Promise<number> {
    const { userId, sessionId, createdAtMs } = session
    return Number(await redis.eval(index, 1, indexKey(userId), sessionId, createdAtMs, absoluteMs))
  }

  return {
    async add(session, { idleMs, absoluteMs, perUserMax }) {
      // The record first: whoever lists meanwhile takes an indexed session without a record for one that has ended.
      await records.putSession(session, idleMs)
      const count = await orUnavailable(add(session, absoluteMs))
      return count > perUserMax ? (await orUnavailable(ofUser(session.userId, count))).slice(perUserMax) : []
    },
    byId: (sessionId) => orUnavailable(read(sessionId)),
    ofUser: (userId, max) => orUnavailable(ofUser(userId, max)),
    async end({ sessionId, userId }) {
      const keys = [sessionKey(prefix, sessionId), refreshKey(prefix, sessionId)]
      const [ended] = await orUnavailable(
        Promise.all([redis.eval(end, 2, ...keys), redis.zrem(indexKey(userId), sessionId)]),
      )
      return ended === 1 ? 'ended' : 'not there'
    },
  }
}
