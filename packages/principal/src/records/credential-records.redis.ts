/** The credential records in Redis, shared by every process. */
import { Problem } from '@latchkey/problem'
import { freezeDeep } from '../freeze.ts'
import { newsChannel, newsText } from '../news/account-news.redis.ts'
import { credentialsChanged } from '../news/account-news.ts'
import { orUnavailable, type Redis } from '../redis.ts'
import { nowInScript } from '../redis-time.ts'
import {
  type ApiKeyRecord,
  type CredentialRecords,
  type GrantsRecord,
  liveUntilMs,
  type RememberedKey,
  type SessionRecord,
  usualIdleMs,
} from './credential-records.ts'
import { standingAs } from './proviso.ts'
import { sharedReads } from './shared-reads.ts'

/** A session's keys share the slot of its id, so that one script can decide over all of them. */
export const sessionKey = (prefix: string, sessionId: string): string => `${prefix}session:{${sessionId}}`
export const grantsKey = (prefix: string, userId: string): string => `${prefix}grants:{${userId}}`
export const apiKeyRecordKey = (prefix: string, keyId: string): string => `${prefix}api-key:{${keyId}}`

/** What Redis may forget, because Postgres can tell it again. */
const rememberedMs = 24 * 60 * 60 * 1_000
const ownersKnownMax = 100_000
/** Few enough to be written and answered well within the time that a command has. */
const keysPerWriteMax = 200

// Two writers may cross; the one that read Postgres last carries the higher number and must win. Of two who read the same, the
// one that judged it later. Whoever listens to the account is told in the same step.
const putIfNewer = `
local kept = redis.call('GET', KEYS[1])
if kept then
  local known = cjson.decode(kept)
  local ahead = tonumber(known[ARGV[2]]) - tonumber(ARGV[3])
  if ahead > 0 or (ahead == 0 and (known.judgedAtMs or 0) > tonumber(ARGV[5])) then return 0 end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[4])
redis.call('PUBLISH', ARGV[6], ARGV[7])
return 1`

const forget = `
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', ARGV[1], ARGV[2])`

const changed = newsText(credentialsChanged)

// Nothing but the two members is written anew: a list that is empty would come back from Lua as an object. A quote within a
// member's text is escaped, so neither pattern finds one there. ARGV[2]: the usual idle time; ARGV[3]: the network, or nothing.
// A session must not outlast its end because whoever touches it is behind.
const touch = `${nowInScript}
local kept = redis.call('GET', KEYS[1])
if not kept then return 0 end
local session = cjson.decode(kept)
local left = math.min(session.idleMs or tonumber(ARGV[2]), session.endsAtMs - now)
if left <= 0 then return 0 end
local seen = string.gsub(kept, '"lastSeenAtMs":%d+', '"lastSeenAtMs":' .. ARGV[1], 1)
if ARGV[3] ~= '' then seen = string.gsub(seen, '"lastNetwork":[^,}]*', '"lastNetwork":"' .. ARGV[3] .. '"', 1) end
redis.call('SET', KEYS[1], seen, 'PX', left)
return 1`

const parsedMax = 20_000
/** Of all texts together, so that what is remembered stays small. */
const parsedCharactersMax = 40_000_000
/** A longer text is parsed each time. */
const parsedLengthMax = 32_000

interface Parsed<Value> {
  readonly text: string
  readonly value: Value
}

/** Parses a text once: while what is kept under a key stays as it is, every reader is given the same frozen object. */
export const createRecordParser = <Value>() => createRecordMemory<Value>().parse

function createRecordMemory<Value>() {
  const known = new Map<string, Parsed<Value>>()
  let characters = 0
  const parse = (key: string, text: string | null | undefined): Value | null => {
    if (text === null || text === undefined) return null
    const seen = known.get(key)
    if (seen?.text === text) return seen.value
    const value: Value = freezeDeep(JSON.parse(text))
    if (text.length > parsedLengthMax) return value
    characters += text.length - (seen?.text.length ?? 0)
    if (known.size >= parsedMax || characters > parsedCharactersMax) {
      known.clear()
      characters = text.length
    }
    known.set(key, { text, value })
    return value
  }
  return { parse, recall: (key: string): Parsed<Value> | undefined => known.get(key) }
}

export interface RedisRecordsOptions {
  readonly redis: Redis
  /** Keeps several installations, or tests, apart in one Redis. */
  readonly prefix: string
}

/** A record, and which of its members grows with every change. */
interface Newer {
  readonly key: string
  readonly record: object
  readonly field: 'epoch' | 'version'
  readonly version: number
  readonly judgedAtMs?: number
}

export function redisCredentialRecords({ redis, prefix }: RedisRecordsOptions): CredentialRecords {
  // The owner of a key never changes: remembering it lets the second read of a key fetch both records at once.
  const owners = new Map<string, string>()
  const remember = (keyId: string, ownerId: string) => {
    if (owners.size >= ownersKnownMax) owners.clear()
    owners.set(keyId, ownerId)
  }
  const sessionIn = createRecordParser<SessionRecord>()
  const { parse: grantsIn, recall: recallGrants } = createRecordMemory<GrantsRecord>()
  const { parse: apiKeyIn, recall: recallApiKey } = createRecordMemory<ApiKeyRecord>()
  const rememberedBy = new WeakMap<ApiKeyRecord, RememberedKey>()
  const turn = sharedReads(redis)
  async function putManyGrants(records: readonly GrantsRecord[]): Promise<void> {
    // One write and one answer for the connection; each record is still put by a script of its own.
    for (let from = 0; from < records.length; from += keysPerWriteMax) {
      const pipeline = redis.pipeline()
      for (const record of records.slice(from, from + keysPerWriteMax)) {
        const key = grantsKey(prefix, record.userId)
        pipeline.eval(
          putIfNewer,
          1,
          key,
          JSON.stringify(record),
          'epoch',
          record.epoch,
          rememberedMs,
          record.judgedAtMs ?? 0,
          newsChannel(prefix, record.userId),
          changed,
        )
      }
      const answers = await orUnavailable(pipeline.exec())
      const failed = answers?.find(([error]) => error)?.[0]
      if (!answers || failed) await orUnavailable(Promise.reject(failed ?? new Error('the pipeline was aborted')))
    }
  }

  async function putNewer(accountId: string, { key, record, field, version, judgedAtMs = 0 }: Newer): Promise<void> {
    const values = [JSON.stringify(record), field, version, rememberedMs, judgedAtMs]
    await orUnavailable(redis.eval(putIfNewer, 1, key, ...values, newsChannel(prefix, accountId), changed))
  }

  async function grantsOf(userId: string): Promise<GrantsRecord | null> {
    const { questions, answers } = turn()
    const at = questions.push(grantsKey(prefix, userId)) - 1
    return grantsIn(userId, (await answers)[at])
  }

  async function session(sessionId: string, userId: string) {
    const { questions, answers } = turn()
    const at = questions.push(sessionKey(prefix, sessionId), grantsKey(prefix, userId)) - 2
    const texts = await answers
    return { session: sessionIn(sessionId, texts[at]), grants: grantsIn(userId, texts[at + 1]) }
  }

  async function apiKey(keyId: string) {
    const ownerId = owners.get(keyId)
    const { questions, answers } = turn()
    const at = questions.push(apiKeyRecordKey(prefix, keyId)) - 1
    if (ownerId !== undefined) questions.push(grantsKey(prefix, ownerId))
    const texts = await answers
    const key = apiKeyIn(keyId, texts[at])
    if (!key) return { key: null, grants: null }
    if (ownerId === key.ownerId) return { key, grants: grantsIn(ownerId, texts[at + 1]) }
    remember(keyId, key.ownerId)
    return { key, grants: await grantsOf(key.ownerId) }
  }

  function remembered(keyId: string): RememberedKey | null {
    const key = recallApiKey(keyId)
    const grants = key && recallGrants(key.value.ownerId)
    if (!grants) return null
    const before = rememberedBy.get(key.value)
    if (before?.grants === grants.value) return before
    const proviso = [
      standingAs(apiKeyRecordKey(prefix, keyId), key.text),
      standingAs(grantsKey(prefix, grants.value.userId), grants.text),
    ]
    const now = { key: key.value, grants: grants.value, proviso }
    rememberedBy.set(key.value, now)
    return now
  }

  return {
    session,
    grants: grantsOf,
    apiKey,
    remembered,
    async putGrants(record) {
      const { userId, epoch: version, judgedAtMs = 0 } = record
      await putNewer(userId, { key: grantsKey(prefix, userId), record, field: 'epoch', version, judgedAtMs })
    },
    putManyGrants,
    async putApiKey(record) {
      const { keyId, ownerId, version } = record
      await putNewer(ownerId, { key: apiKeyRecordKey(prefix, keyId), record, field: 'version', version })
    },
    async putSession(session) {
      const leftMs = liveUntilMs(session) - session.lastSeenAtMs
      if (leftMs <= 0) throw new Problem('INTERNAL', 'a session cannot begin idle')
      const text = JSON.stringify(session)
      await orUnavailable(redis.set(sessionKey(prefix, session.sessionId), text, 'PX', Math.ceil(leftMs)))
    },
    async touchSession(sessionId, { atMs, network }) {
      const key = sessionKey(prefix, sessionId)
      await orUnavailable(redis.eval(touch, 1, key, atMs, usualIdleMs, network ?? ''))
    },
    async endSession(sessionId) {
      await orUnavailable(redis.del(sessionKey(prefix, sessionId)))
    },
    async forgetGrants(userId) {
      await orUnavailable(redis.eval(forget, 1, grantsKey(prefix, userId), newsChannel(prefix, userId), changed))
    },
    async forgetApiKey(keyId) {
      await orUnavailable(redis.del(apiKeyRecordKey(prefix, keyId)))
    },
  }
}
