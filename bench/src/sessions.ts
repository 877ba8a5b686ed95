/** Sessions: what checking one costs, what beginning one costs, and whether many of them make either slower. */
import { Redis } from 'ioredis'
import { startBetterAuth, startHashServer, startRedisServer } from './floors.ts'
import { type Comparison, compare, type Target } from './measure.ts'
import { answerOf, chosen } from './question.ts'
import { redisUrlOf } from './stores.ts'
import { callersMax, password, type System, startSystem } from './system.ts'

type Tell = (comparison: Comparison) => void

const check = {
  floor: { name: 'embedded, session check, against Redis and JSON', goal: 0.3 },
  peer: { name: 'embedded, session check, against better-auth', goal: 10 },
}
/** Everything but the hash is at most 15 % of the hash. */
const begin = { name: 'embedded, sign-in, against the bare hash', goal: 1 / 1.15 }
/** Flat within a fifth. */
const grown = { name: 'session check, 1 k against 1 M sessions', goal: 1 / 1.2 }
const few = 1_000
const many = 1_000_000

const checkOf = ({ url, pids, callers }: System): Target => ({
  name: 'session check',
  ...{ url, pids },
  requests: callers.map(({ accessToken }) => ({
    headers: { 'content-type': 'application/json', authorization: `Bearer ${accessToken}` },
    body: JSON.stringify({ query: '{ session { id } }' }),
  })),
})

const signIn =
  'mutation ($input: SignInInput!) { signIn(input: $input) { ... on SignedIn { accessToken refreshToken } } }'

const signInOf = ({ url, pids }: System): Target => ({
  name: 'sign-in',
  ...{ url, pids },
  requests: Array.from({ length: callersMax }, (_, number) => ({
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      query: signIn,
      variables: { input: { email: `caller${number}@example.com`, password } },
    }),
  })),
})

/** A check and a beginning, each against its floor, on one system. */
export async function askSessions(words: readonly string[], tell: Tell): Promise<void> {
  if (![check.floor, check.peer, begin].some((question) => chosen(question, words))) return
  const system = await startSystem('embedded')
  try {
    const [ours, redisUrl] = [checkOf(system), redisUrlOf(system)]
    const answer = await answerOf(ours)
    if (chosen(check.floor, words)) {
      const floor = await startRedisServer(redisUrl, answer, ours)
      tell(await compare(check.floor.name, { floor: floor.target, ours, goal: check.floor.goal }))
      floor.stop()
    }
    if (chosen(check.peer, words)) {
      const peer = await startBetterAuth(redisUrl, callersMax)
      await answerOf(peer.target)
      tell(await compare(check.peer.name, { floor: peer.target, ours, goal: check.peer.goal }))
      peer.stop()
    }
    if (chosen(begin, words)) {
      const beginning = signInOf(system)
      await answerOf(beginning)
      const floor = await startHashServer(beginning.requests)
      tell(await compare(begin.name, { floor: floor.target, ours: beginning, goal: begin.goal, connections: 4 }))
      floor.stop()
    }
  } finally {
    await system.stop()
  }
}

// What a real session has in Redis, again and again, two for each person.
const clone = `
local prefix, from, to, sid, uid = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], ARGV[5]
local record = redis.call('GET', prefix .. 'session:{' .. sid .. '}')
local grants = redis.call('GET', prefix .. 'grants:{' .. uid .. '}')
local begun = redis.call('ZRANGE', prefix .. 'sessions:{' .. uid .. '}', 0, 0, 'WITHSCORES')[2]
for n = from, to do
  local id = string.sub(sid, 1, -9) .. string.format('%08d', n)
  local owner = string.sub(uid, 1, -9) .. string.format('%08d', math.floor(n / 2))
  local text = string.gsub(string.gsub(record, sid, id, 1), uid, owner, 1)
  redis.call('SET', prefix .. 'session:{' .. id .. '}', text, 'PX', 604800000)
  redis.call('COPY', prefix .. 'refresh:{' .. sid .. '}', prefix .. 'refresh:{' .. id .. '}')
  redis.call('HSET', prefix .. 'refresh:{' .. id .. '}', 'userId', owner)
  redis.call('ZADD', prefix .. 'sessions:{' .. owner .. '}', begun, id)
  redis.call('SET', prefix .. 'grants:{' .. owner .. '}', (string.gsub(grants, uid, owner, 1)), 'PX', 86400000)
end`
const clonesPerRun = 1_000

const bytesIn = async (redis: Redis): Promise<number> =>
  Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))?.[1] ?? Number.NaN)

/** Until there are `count`; resolves with the bytes that one takes. */
async function loadSessions(system: System, count: number): Promise<number> {
  const redis = new Redis(redisUrlOf(system))
  // What is on disk is not the question, and a million writes would take their time there.
  await redis.config('SET', 'appendonly', 'no')
  const [caller] = system.callers
  const [, prefix] = /^(.*)session:\{ses_/.exec((await redis.keys('*session:{ses_*')).at(0) ?? '') ?? []
  const before = await bytesIn(redis)
  for (let from = 0; from < count; from += clonesPerRun)
    await redis.eval(
      ...([clone, 0, prefix ?? '', from, from + clonesPerRun - 1] as const),
      caller?.principal.sessionId ?? '',
      caller?.userId ?? '',
    )
  const bytes = ((await bytesIn(redis)) - before) / count
  await redis.quit()
  return bytes
}

/** The same check beside a thousand sessions and beside a million. */
export async function askManySessions(words: readonly string[], tell: Tell): Promise<void> {
  if (!chosen(grown, words)) return
  const started: System[] = []
  try {
    const systemWith = async (count: number) => {
      const system = await startSystem('embedded')
      started.push(system)
      console.log(`${count} sessions: ${(await loadSessions(system, count)).toFixed(0)} bytes each in Redis`)
      return checkOf(system)
    }
    const [floor, ours] = [await systemWith(few), await systemWith(many)]
    await answerOf(floor)
    await answerOf(ours)
    tell(await compare(grown.name, { floor, ours, goal: grown.goal }))
  } finally {
    await Promise.all(started.map((system) => system.stop()))
  }
}
