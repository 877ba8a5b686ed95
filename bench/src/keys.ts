/** API keys: what a request with one costs, and whether many of them make it slower. */
import { startBetterAuthKeys, startRedisServer } from './floors.ts'
import { listKeys, loadKeys } from './many-keys.ts'
import { type Comparison, compare, type Target } from './measure.ts'
import { answerOf, chosen } from './question.ts'
import { newDatabaseOf, redisUrlOf } from './stores.ts'
import { callersMax, type System, startSystem } from './system.ts'

type Tell = (comparison: Comparison) => void

const floor = { name: 'embedded, API key, against Redis and JSON', goal: 0.3 }
const peers = [
  { name: 'embedded, API key, against better-auth on Redis', goal: 5, storage: 'secondary-storage' },
  { name: 'embedded, API key, against better-auth by default', goal: 20, storage: 'database' },
] as const

/** What a key spends is counted, though nobody comes to an end of it: limits are part of what a request costs. */
export const counted = {
  LATCHKEY_LIMITS: 'on',
  LATCHKEY_LIMIT_KEY_REQUESTS: '1000000',
  LATCHKEY_LIMIT_KEY_BURST: '1000000',
  LATCHKEY_LIMIT_OWNER_REQUESTS: '1000000',
  LATCHKEY_LIMIT_OWNER_BURST: '1000000',
  LATCHKEY_COST_PER_MINUTE: '1000000000',
  LATCHKEY_LIMIT_NETWORK_MAILS: '10000',
}

const few = 1_000
const many = 1_000_000
/** Flat within a fifth. */
const flat = 1 / 1.2
const grown = { name: 'API key, 1 k against 1 M keys: a request', goal: flat }
const grownList = { name: 'API key, 1 k against 1 M keys: first page', goal: flat }

/** Each request is another key's. */
const requestOf = ({ url, pids, callers }: System): Target => ({
  name: 'a request with a key',
  ...{ url, pids },
  requests: callers.map(({ apiKey }) => ({
    headers: { 'content-type': 'application/json', 'x-api-key': apiKey },
    body: JSON.stringify({ query: '{ me { id } }' }),
  })),
})

/** A request with a key, against each floor, on one system. */
export async function askKeys(words: readonly string[], tell: Tell): Promise<void> {
  if (![floor, ...peers].some((question) => chosen(question, words))) return
  const system = await startSystem('embedded', counted)
  try {
    const [ours, redisUrl] = [requestOf(system), redisUrlOf(system)]
    const answer = await answerOf(ours)
    if (chosen(floor, words)) {
      const bare = await startRedisServer(redisUrl, answer, ours)
      tell(await compare(floor.name, { floor: bare.target, ours, goal: floor.goal }))
      bare.stop()
    }
    for (const { name, goal, storage } of peers.filter((peer) => chosen(peer, words))) {
      const databaseUrl = await newDatabaseOf(system, `peer_${storage.replace('-', '_')}`)
      const peer = await startBetterAuthKeys({ databaseUrl, redisUrl }, storage, callersMax)
      await answerOf(peer.target)
      tell(await compare(name, { floor: peer.target, ours, goal }))
      peer.stop()
    }
  } finally {
    await system.stop()
  }
}

/** The same request, and the same page, beside a thousand keys and beside a million. */
export async function askManyKeys(words: readonly string[], tell: Tell): Promise<void> {
  const questions = [
    { ...grown, targetOf: requestOf, connections: 64 },
    { ...grownList, targetOf: listKeys, connections: 4 },
  ].filter((question) => chosen(question, words))
  if (questions.length === 0) return
  const started: System[] = []
  try {
    const systemWith = async (count: number) => {
      const system = await startSystem('embedded', counted)
      started.push(system)
      await loadKeys(system, count)
      return system
    }
    const [small, large] = [await systemWith(few), await systemWith(many)]
    for (const { name, goal, targetOf, connections } of questions) {
      const [less, ours] = [targetOf(small), targetOf(large)]
      await answerOf(less)
      await answerOf(ours)
      tell(await compare(name, { floor: less, ours, goal, connections }))
    }
  } finally {
    await Promise.all(started.map((system) => system.stop()))
  }
}
