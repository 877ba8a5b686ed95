/** What things take in the stores: bytes of a row with its indexes, bytes of a record, and what a request asks of Redis. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { Client } from 'pg'
import { counted } from './keys.ts'
import { cpuOfAll, load, type Target } from './measure.ts'
import { threeSubgraphs } from './questions.ts'
import { databaseUrlOf, redisUrlOf } from './stores.ts'
import { type System, startSystem } from './system.ts'

const name = 'sizes in the stores'
const clones = 20_000

const tables = [
  'users.accounts',
  'users.identifiers',
  'users.data_keys',
  'users.passwords',
  'users.role_grants',
  'users.audit_records',
  'users.audit_links',
  'sessions.sign_in_attempts',
  'sessions.revocations',
  'sessions.audit_records',
  'api_keys.api_keys',
  'api_keys.audit_records',
  'api_keys.last_uses',
  'api_keys.usage_minutes',
  'api_keys.usage_hours',
  'api_keys.usage_days',
] as const

type Ask = (text: string, values?: readonly unknown[]) => Promise<Record<string, unknown>[]>

/** A column that an index needs to differ differs in each clone, and keeps its length. */
const cloned = ({ column, type, unique }: { column: string; type: string; unique: boolean }): string => {
  if (!unique) return `"${column}"`
  if (type === 'text')
    return `left("${column}", 4) || substr(md5("${column}" || n) || md5(n || "${column}"), 1, greatest(length("${column}") - 4, 8))`
  if (type.startsWith('timestamp')) return `"${column}" + n * interval '1 minute'`
  if (type === 'bytea') return `decode(md5(n::text) || md5("${column}"::text), 'hex')`
  return type === 'integer' || type === 'bigint' ? 'n' : `"${column}"`
}

/** Of a table like this one, filled with rows like those that are there. */
async function bytesPerRow(ask: Ask, table: string): Promise<number | null> {
  const [{ count } = {}] = await ask(`SELECT count(*)::int AS count FROM ${table}`)
  if (!count) return null
  const columns = (await ask(
    `SELECT a.attname AS column, format_type(a.atttypid, NULL) AS type, EXISTS (
       SELECT 1 FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisunique AND a.attnum = ANY(i.indkey::int2[])) AS unique
     FROM pg_attribute a WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''`,
    [table],
  )) as { column: string; type: string; unique: boolean }[]
  const names = columns.map(({ column }) => `"${column}"`).join(', ')
  await ask(`CREATE UNLOGGED TABLE public.clones (LIKE ${table} INCLUDING ALL)`)
  try {
    await ask(
      `INSERT INTO public.clones (${names}) SELECT ${columns.map(cloned).join(', ')}
       FROM (SELECT *, row_number() OVER () AS row FROM ${table} LIMIT 50) AS samples, generate_series(1, $1::int / least(50, $2::int)) AS n
       ON CONFLICT DO NOTHING`,
      [clones, count],
    )
    const [{ bytes } = {}] = await ask(
      `SELECT (pg_total_relation_size('public.clones') / greatest(1, (SELECT count(*) FROM public.clones)))::int AS bytes`,
    )
    return Number(bytes)
  } finally {
    await ask('DROP TABLE public.clones')
  }
}

const targetOf = (system: System, what: 'session' | 'key'): Target => ({
  name: what,
  url: system.url,
  pids: system.pids,
  requests: system.callers.map(({ accessToken, apiKey }) => ({
    headers: {
      'content-type': 'application/json',
      ...(what === 'key' ? { 'x-api-key': apiKey } : { authorization: `Bearer ${accessToken}` }),
    },
    body: JSON.stringify({ query: threeSubgraphs }),
  })),
})

const cpuOf = async (redis: Redis): Promise<number> =>
  [...(await redis.info('cpu')).matchAll(/^used_cpu_(?:sys|user):([\d.]+)/gm)].reduce(
    (sum, [, s]) => sum + Number(s),
    0,
  )

/** A connection that has ended takes what it spent along. */
const spentSince = (before: ReadonlyMap<number, number>, pids: readonly number[]): number =>
  pids.reduce((sum, pid) => sum + cpuOfAll([pid]) - (before.get(pid) ?? 0), 0)

interface Stores {
  readonly redis: Redis
  readonly system: System
}

/** The processes of Postgres: one for each connection, and those that it keeps for itself. */
function postgresOf({ dataDir }: System): number[] {
  const pid = readFileSync(join(dataDir, 'postgres', 'cluster-18', 'postmaster.pid'), 'utf8').split('\n')[0]
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number)
}

/** `microseconds` of Redis' own time, and commands, for each request: one at a time, and as many as a connection pool asks at once. */
async function askedOfStores({ redis, system }: Stores, target: Target, connections: number) {
  // Who comes first is welcomed, and remembered from then on.
  await load(target, 1, connections)
  const postgresBefore = new Map(postgresOf(system).map((pid) => [pid, cpuOfAll([pid])]))
  await redis.config('RESETSTAT')
  const before = await cpuOf(redis)
  const round = await load(target, 4, connections)
  const requests = round.requestsPerSecond * 4
  const stats = await redis.info('commandstats')
  const calls = [...stats.matchAll(/^cmdstat_([\w|]+):calls=(\d+)/gm)]
    .map(([, command, count]) => [command, Number(count) / requests] as const)
    .filter(([, count]) => count > 0.005)
  const microseconds = (((await cpuOf(redis)) - before) * 1e6) / requests
  return {
    connections,
    microseconds: {
      ours: round.cpuPerRequest,
      redis: microseconds,
      postgres: spentSince(postgresBefore, postgresOf(system)) / requests,
    },
    redisCalls: Object.fromEntries(calls),
  }
}

async function bytesInRedis(redis: Redis): Promise<Record<string, number>> {
  const found: Record<string, number[]> = {}
  for (const key of await redis.keys('*')) {
    const kind = /([\w-]+)(?::\{|$)/.exec(key)?.[1] ?? key
    found[kind] = [...(found[kind] ?? []), Number(await redis.memory('USAGE', key))]
  }
  const mean = (values: readonly number[]) => Math.round(values.reduce((sum, value) => sum + value, 0) / values.length)
  return Object.fromEntries(Object.entries(found).map(([kind, values]) => [kind, mean(values)]))
}

async function bytesOfRows(system: System): Promise<Record<string, number | null>> {
  const client = new Client({ connectionString: databaseUrlOf(system) })
  await client.connect()
  const ask: Ask = async (text, values = []) => (await client.query(text, [...values])).rows
  const bytes: Record<string, number | null> = {}
  for (const table of tables) bytes[table] = await bytesPerRow(ask, table)
  await client.end()
  return bytes
}

export async function askSizes(words: readonly string[]): Promise<readonly string[]> {
  if (!words.every((word) => name.includes(word))) return []
  const system = await startSystem('embedded', counted)
  const redis = new Redis(redisUrlOf(system))
  try {
    const stores = { redis, system }
    const asked = { session: targetOf(system, 'session'), key: targetOf(system, 'key') }
    const requests = {
      sessionAlone: await askedOfStores(stores, asked.session, 1),
      session: await askedOfStores(stores, asked.session, 64),
      keyAlone: await askedOfStores(stores, asked.key, 1),
      key: await askedOfStores(stores, asked.key, 64),
    }
    const redisBytes = await bytesInRedis(redis)
    const rows = await bytesOfRows(system)
    return [JSON.stringify({ requests, redisBytes, rows }, null, 2)]
  } finally {
    await redis.quit()
    await system.stop()
  }
}
