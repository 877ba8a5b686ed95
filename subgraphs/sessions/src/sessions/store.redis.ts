/** Sessions in Redis: a record for each, read on every request, and an index for each user. */
import {
  type CredentialRecords,
  type GrantsRecord,
  isEndedByAccount,
  type SessionRecord,
} from '@latchkey/principal/credential-records'
import { createRecordParser, grantsKey, sessionKey } from '@latchkey/principal/credential-records.redis'
import { orUnavailable, type Redis } from '@latchkey/principal/redis'
import { nowInScript } from '@latchkey/principal/redis-time'
import { createTurns } from '@latchkey/principal/turn'
import { refreshKey } from '../tokens/store.redis.ts'
import type { SessionStore } from './store.ts'

interface RedisSessionDependencies {
  readonly redis: Redis
  readonly prefix: string
  readonly records: CredentialRecords
}

// The index lasts as long as the session that lasts longest. Sessions in the hands of staff have a score below zero, so that they
// are not among the person's own. The answer is how many of those are in it, some of which may have ended.
const index = `
if ARGV[4] ~= '' and redis.call('ZCOUNT', KEYS[1], 0, '+inf') >= tonumber(ARGV[4]) then return -1 end
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
return redis.call('ZCOUNT', KEYS[1], 0, '+inf')`

// For each pair of an index and its user's grants, a JSON array: the grants, then the records of the newest sessions: the
// person's own, and those in the hands of staff. An index may name sessions that ended by themselves: they are left out, and
// forgotten. ARGV[1] and ARGV[2] are the keys of a session and of its refresh state without an id, which goes between the braces
// at their end.
const list = `
local lists = {}
for at = 1, #KEYS / 2 do
  local index = KEYS[2 * at - 1]
  local found = { redis.call('GET', KEYS[2 * at]) or 'null' }
  local ids = redis.call('ZREVRANGEBYSCORE', index, '+inf', 0, 'LIMIT', 0, ARGV[at + 2])
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', index, '-inf', '(0', 'LIMIT', 0, ARGV[at + 2])) do ids[#ids + 1] = id end
  for _, id in ipairs(ids) do
    local record = redis.call('GET', string.sub(ARGV[1], 1, -2) .. id .. '}')
    if record then found[#found + 1] = record
    else
      redis.call('DEL', string.sub(ARGV[2], 1, -2) .. id .. '}')
      redis.call('ZREM', index, id)
    end
  end
  lists[at] = '[' .. table.concat(found, ',') .. ']'
end
return lists`

/** The grants of the user, then the sessions. */
type SessionList = readonly [GrantsRecord | null, ...SessionRecord[]]

/** Those that the account has not ended, newest first. */
const living = ([grants, ...sessions]: SessionList): readonly SessionRecord[] =>
  sessions
    .filter((session) => !grants?.sessionEpoch || !isEndedByAccount(session, grants))
    .sort((one, other) => other.createdAtMs - one.createdAtMs)

const end = `
redis.call('DEL', KEYS[2])
return redis.call('DEL', KEYS[1])`

// The keys as above. The index goes last: a run that is cut short is finished by the next.
const forget = `
local ids = redis.call('ZRANGE', KEYS[1], 0, -1)
for _, id in ipairs(ids) do
  redis.call('DEL', string.sub(ARGV[1], 1, -2) .. id .. '}', string.sub(ARGV[2], 1, -2) .. id .. '}')
end
redis.call('DEL', KEYS[1])
return #ids`

// Every other word of the record stays as it is written: decoding and encoding it would turn an empty list into an object.
// A later proof on another process wins, whichever of the two is written last. How long the session still lasts is told by Redis.
const prove = `${nowInScript}
local kept = redis.call('GET', KEYS[1])
local refresh = redis.call('HMGET', KEYS[2], 'counter', 'reused')
if not kept or not refresh[1] or refresh[2] then return false end
local session = cjson.decode(kept)
local left = math.min(tonumber(ARGV[2]), session.endsAtMs - now)
if left <= 0 then return false end
if tonumber(ARGV[1]) > session.authTimeMs then kept = string.gsub(kept, '"authTimeMs":%d+', '"authTimeMs":' .. ARGV[1], 1) end
kept = string.gsub(kept, ',"raised":{[^}]*}', '', 1)
if ARGV[3] ~= '' then kept = string.sub(kept, 1, -2) .. ',"raised":' .. ARGV[3] .. '}'
else
  kept = string.gsub(kept, '"amr":%b[]', '"amr":' .. ARGV[4], 1)
  kept = string.gsub(kept, '"acr":"%w+"', '"acr":"aal1"', 1)
end
redis.call('SET', KEYS[1], kept, 'PX', left)
redis.call('HSET', KEYS[2], 'counter', refresh[1] + 1, 'rotatedAtMs', now)
return {kept, refresh[1] + 1}`

interface ListQuestion {
  readonly userId: string
  readonly max: number
}

/** More than anybody has. */
const everyone = 1_000

/** A list may be a hundred records long: more users than this have a script of their own. */
const usersPerScriptMax = 100

export function redisSessionStore({ redis, prefix, records }: RedisSessionDependencies): SessionStore {
  const indexKey = (userId: string) => `${prefix}sessions:{${userId}}`
  const patterns = [sessionKey(prefix, ''), refreshKey(prefix, '')]
  const listIn = createRecordParser<SessionList>()
  const turn = createTurns((asked: ListQuestion[]) => orUnavailable(lists(asked)), usersPerScriptMax)

  async function lists(asked: readonly ListQuestion[]): Promise<string[]> {
    const keys = asked.flatMap(({ userId }) => [indexKey(userId), grantsKey(prefix, userId)])
    const limits = asked.map(({ max }) => max)
    // The script makes no other reply.
    return (await redis.eval(list, keys.length, ...keys, ...patterns, ...limits)) as string[]
  }

  function listOf(userId: string, max: number): Promise<SessionList> {
    const { questions, answers } = turn()
    const at = questions.push({ userId, max }) - 1
    return answers.then((texts) => listIn(userId, texts[at]) ?? [null])
  }

  async function byId(sessionId: string): Promise<SessionRecord | null> {
    const text = await orUnavailable(redis.get(sessionKey(prefix, sessionId)))
    return text === null ? null : (JSON.parse(text) as SessionRecord)
  }

  async function forgetOne({ sessionId, userId }: Pick<SessionRecord, 'sessionId' | 'userId'>) {
    const keys = [sessionKey(prefix, sessionId), refreshKey(prefix, sessionId)]
    const [ended] = await orUnavailable(
      Promise.all([redis.eval(end, 2, ...keys), redis.zrem(indexKey(userId), sessionId)]),
    )
    return ended === 1 ? 'ended' : 'not there'
  }

  /** The sessions of a user, and those among them that the account has ended. */
  async function standings(userId: string) {
    const [grants, ...sessions] = await listOf(userId, everyone)
    return { sessions, ended: sessions.filter((session) => isEndedByAccount(session, grants ?? {})) }
  }

  return {
    async add(session, limit) {
      const { userId, sessionId, createdAtMs, endsAtMs, act } = session
      // The record first: whoever lists meanwhile takes an indexed session without a record for one that has ended.
      await records.putSession(session)
      const score = act ? -createdAtMs : createdAtMs
      const values = [sessionId, score, endsAtMs - createdAtMs, limit?.atMost ?? '']
      const count = Number(await orUnavailable(redis.eval(index, 1, indexKey(userId), ...values)))
      if (count >= 0) return count
      await records.endSession(sessionId)
      return 'full'
    },
    async sweep(userId) {
      const { sessions, ended } = await standings(userId)
      await Promise.all(ended.map(forgetOne))
      return sessions.filter((session) => !session.act && !ended.includes(session)).length
    },
    async forgetEnded(userId) {
      const { ended } = await standings(userId)
      const endings = await Promise.all(ended.map(forgetOne))
      return ended.filter((_, at) => endings[at] === 'ended')
    },
    byId,
    ofUser: (userId, max) => listOf(userId, max).then(living),
    async prove(sessionId, { atMs, shown, idleMs }) {
      const keys = [sessionKey(prefix, sessionId), refreshKey(prefix, sessionId)]
      const worth = 'untilMs' in shown ? [JSON.stringify(shown), ''] : ['', JSON.stringify(shown.amr)]
      const proof = [atMs, Math.ceil(idleMs), ...worth]
      // The script makes no other reply.
      const reply = (await orUnavailable(redis.eval(prove, 2, ...keys, ...proof))) as [string, number] | null
      return reply && { session: JSON.parse(reply[0]) as SessionRecord, counter: reply[1] }
    },
    end: forgetOne,
    forgetUser: async (userId) => Number(await orUnavailable(redis.eval(forget, 1, indexKey(userId), ...patterns))),
  }
}
