/** A dump: everything that whoever copies the stores, or reads the logs, would hold. And whether a text can be read in it. */
import { openRedis, type Redis } from '@latchkey/principal/redis'
import { openDatabase } from '@latchkey/prisma'
import { storePatienceMs } from '@latchkey/prisma/testing'
import type { Topology } from './topology.ts'

export interface Piece {
  /** Such as `users.accounts`, `redis latchkey:grants:{usr_…}` or `log`. */
  readonly where: string
  readonly text: string
  /** Redis forgets it by itself in so long; absent: never. */
  readonly endsInMs?: number
}

export type Dump = readonly Piece[]

export const dumpOf = async (house: Pick<Topology, 'databaseUrl' | 'redis' | 'logged'>): Promise<Dump> => [
  ...(await dumpPostgres(house.databaseUrl)),
  ...(await dumpRedis(house.redis)),
  { where: 'log', text: house.logged() },
]

const listTables = {
  name: 'dump_tables',
  text: `SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) AS name FROM pg_tables
         WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`,
}

/** A piece for each row. */
async function dumpPostgres(url: string): Promise<Dump> {
  const database = openDatabase({ url, patienceMs: storePatienceMs })
  try {
    const tables = await database.query<{ name: string }>(listTables, [])
    const pieces = tables.map(async ({ name }, at) => {
      const rows = { name: `dump_${at}`, text: `SELECT to_jsonb(t)::text AS text FROM ${name} AS t` }
      return (await database.query<{ text: string }>(rows, [])).map(({ text }) => ({ where: name, text }))
    })
    return (await Promise.all(pieces)).flat()
  } finally {
    await database.close()
  }
}

const readers: Readonly<Record<string, (redis: Redis, key: string) => Promise<unknown>>> = {
  string: (redis, key) => redis.get(key),
  hash: (redis, key) => redis.hgetall(key),
  zset: (redis, key) => redis.call('ZRANGE', key, '0', '-1', 'WITHSCORES'),
  set: (redis, key) => redis.smembers(key),
  list: (redis, key) => redis.lrange(key, 0, -1),
  stream: (redis, key) => redis.xrange(key, '-', '+'),
}

/** A piece for each key. A type that nobody here can read fails: it would hide what is in it. */
async function dumpRedis({ url, prefix }: Topology['redis']): Promise<Dump> {
  const redis = openRedis(url, storePatienceMs)
  await redis.connect()
  try {
    const pieces: Piece[] = []
    for await (const keys of redis.scanStream({ match: `${prefix}*`, count: 1_000 })) {
      for (const key of new Set<string>(keys)) {
        const read = readers[await redis.type(key)]
        if (!read) throw new Error(`the dump cannot read ${key}`)
        const [value, endsInMs] = await Promise.all([read(redis, key), redis.pttl(key)])
        const piece = { where: `redis ${key}`, text: JSON.stringify(value) }
        pieces.push(endsInMs < 0 ? piece : { ...piece, endsInMs })
      }
    }
    return pieces
  } finally {
    redis.disconnect()
  }
}

/** A secret inside a longer run of bytes stands in base64 in one of three ways; what its neighbours have a part in is left out. */
function inBase64(secret: string): string[] {
  const bytes = Buffer.from(secret)
  return [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64')
    return text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6))
  })
}

/** How a secret can be written down so that anybody reads it. */
const writingsOf = (secret: string): Readonly<Record<string, readonly string[]>> => ({
  plainly: [secret],
  'in lower case': [secret.toLowerCase()],
  'in JSON': [JSON.stringify(secret).slice(1, -1)],
  'in a URL': [encodeURIComponent(secret)],
  'in base64': inBase64(secret),
  'in base64url': inBase64(secret).map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
  'in hex': [Buffer.from(secret).toString('hex')],
})

const shortest = 6

/** A number stands in longer ones by chance: it is found where it stands alone. */
const isFound = (text: string, secret: string, form: string): boolean =>
  form === secret && /^\d+$/.test(secret) ? new RegExp(`(?<![\\d.])${secret}(?!\\d)`).test(text) : text.includes(form)

/** How many rows each table has, by its name. */
export function rowsOf(dump: Dump): Readonly<Record<string, number>> {
  const rows: Record<string, number> = {}
  for (const { where } of dump) if (!/^(redis|log)/.test(where)) rows[where] = (rows[where] ?? 0) + 1
  return rows
}

/** Where each of these can be read, in words; empty when none can. A text too short to be told from chance is refused. */
export function readableIn(dump: Dump, secrets: Readonly<Record<string, string>>): string[] {
  const texts = dump.map(({ where, text }) => ({ where, text: `${where}\n${text}` }))
  return Object.entries(secrets).flatMap(([name, secret]) => {
    if (secret.length < shortest) throw new Error(`${name} is too short to be looked for: ${secret}`)
    const writings = Object.entries(writingsOf(secret))
    return texts.flatMap(({ where, text }) => {
      const [found] = writings.find(([, forms]) => forms.some((form) => isFound(text, secret, form))) ?? []
      return found ? [`${name}, ${found}, in ${where}`] : []
    })
  })
}
