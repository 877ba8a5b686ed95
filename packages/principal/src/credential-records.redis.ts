/** The credential records in Redis, shared by every process. */
import { Problem } from '@latchkey/problem'
import type { ApiKeyRecord, CredentialRecords, GrantsRecord, SessionRecord } from './credential-records.ts'
import { freezeDeep } from './freeze.ts'
import { orUnavailable, type Redis } from './redis.ts'

/** A session's keys share the slot of its id, so that one script can decide over all of them. */
export const sessionKey = (prefix: string, sessionId: string): string => `${prefix}session:{${sessionId}}`
export const grantsKey = (prefix: string, userId: string): string => `${prefix}grants:{${userId}}`
export const apiKeyRecordKey = (prefix: string, keyId: string): string => `${prefix}api-key:{${keyId}}`

/** What Redis may forget, because Postgres can tell it again. */
const rememberedMs = 24 * 60 * 60 * 1_000
const ownersKnownMax = 100_000

// Two writers may cross; the one that read Postgres last carries the higher number and must win.
const putIfNewer = `
local kept = redis.call('GET', KEYS[1])
if kept and tonumber(cjson.decode(kept)[ARGV[2]]) > tonumber(ARGV[3]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[4])
return 1`

const touch = `
local kept = redis.call('GET', KEYS[1])
if not kept then return 0 end
local session = cjson.decode(kept)
local left = math.min(tonumber(ARGV[2]), session.endsAtMs - tonumber(ARGV[1]))
if left <= 0 then return 0 end
local seen = string.gsub(kept, '"lastSeenAtMs":%d+', '"lastSeenAtMs":' .. ARGV[1], 1)
redis.call('SET', KEYS[1], seen, 'PX', left)
return 1`

const parsedMax = 20_000

/** Parses a text once: while a record stays as it is, every reader is given the same frozen object. */
function createParser() {
  const known = new Map<string, unknown>()
  return <Value>(text: string | null): Value | null => {
    if (text === null) return null
    const seen = known.get(text)
    if (seen !== undefined) return seen as Value // as it was put
    const value: Value = freezeDeep(JSON.parse(text))
    if (known.size >= parsedMax) known.clear()
    known.set(text, value)
    return value
  }
}

/** Reads that are asked for in one turn of the event loop travel as one command; each is made after it was asked for. */
function createReader(redis: Redis) {
  let turn: { readonly keys: string[]; readonly answer: Promise<(string | null)[]> } | null = null
  // A cluster answers one command for one slot only.
  const readAll = (keys: string[]) =>
    redis.isCluster ? Promise.all(keys.map((key) => redis.get(key))) : redis.mget(keys)
  const begin = () => {
    const keys: string[] = []
    const answer = new Promise((resolve) => setImmediate(resolve)).then(() => {
      turn = null
      return readAll(keys)
    })
    return { keys, answer }
  }
  return async (first: string, second: string): Promise<readonly [string | null, string | null]> => {
    turn ??= begin()
    const { keys, answer } = turn
    const at = keys.push(first, second) - 2
    const texts = await answer
    return [texts[at] ?? null, texts[at + 1] ?? null]
  }
}

export interface RedisRecordsOptions {
  readonly redis: Redis
  /** Keeps several installations, or tests, apart in one Redis. */
  readonly prefix: string
}

export function redisCredentialRecords({ redis, prefix }: RedisRecordsOptions): CredentialRecords {
  // The owner of a key never changes: remembering it lets the second read of a key fetch both records at once.
  const owners = new Map<string, string>()
  const remember = (keyId: string, ownerId: string) => {
    if (owners.size >= ownersKnownMax) owners.clear()
    owners.set(keyId, ownerId)
  }
  const read = createReader(redis)
  const parsed = createParser()
  const putNewer = (key: string, record: object, field: string, version: number) =>
    orUnavailable(redis.eval(putIfNewer, 1, key, JSON.stringify(record), field, version, rememberedMs))

  async function readApiKey(keyId: string) {
    const ownerId = owners.get(keyId)
    const keyAt = apiKeyRecordKey(prefix, keyId)
    const [text, grantsText] = await read(keyAt, ownerId === undefined ? keyAt : grantsKey(prefix, ownerId))
    const key = parsed<ApiKeyRecord>(text)
    if (!key) return { key: null, grants: null }
    if (ownerId === key.ownerId) return { key, grants: parsed<GrantsRecord>(grantsText) }
    remember(keyId, key.ownerId)
    return { key, grants: parsed<GrantsRecord>(await redis.get(grantsKey(prefix, key.ownerId))) }
  }

  async function readSession(sessionId: string, userId: string) {
    const [session, grants] = await read(sessionKey(prefix, sessionId), grantsKey(prefix, userId))
    return { session: parsed<SessionRecord>(session), grants: parsed<GrantsRecord>(grants) }
  }

  return {
    session: (sessionId, userId) => orUnavailable(readSession(sessionId, userId)),
    apiKey: (keyId) => orUnavailable(readApiKey(keyId)),
    async putGrants(record) {
      await putNewer(grantsKey(prefix, record.userId), record, 'epoch', record.epoch)
    },
    async putApiKey(record) {
      await putNewer(apiKeyRecordKey(prefix, record.keyId), record, 'version', record.version)
    },
    async putSession(session, idleMs) {
      if (idleMs <= 0) throw new Problem('INTERNAL', 'a session cannot begin idle')
      const text = JSON.stringify(session)
      await orUnavailable(redis.set(sessionKey(prefix, session.sessionId), text, 'PX', Math.ceil(idleMs)))
    },
    async touchSession(sessionId, seenAtMs, idleMs) {
      await orUnavailable(redis.eval(touch, 1, sessionKey(prefix, sessionId), seenAtMs, idleMs))
    },
    async endSession(sessionId) {
      await orUnavailable(redis.del(sessionKey(prefix, sessionId)))
    },
  }
}
