/** The two stores of an installation: those it was given addresses of, the others started beside the data. */
import { join } from 'node:path'
import type { Entropy } from '@latchkey/clock'
import { Redis } from 'ioredis'
import pg from 'pg'
import type { Config } from '../config.ts'
import { fault, systemCode } from './fault.ts'
import { startPostgres } from './postgres.ts'
import { startRedis } from './redis.ts'

export interface Stores {
  readonly databaseUrl: string
  /** `null`: no address was given, and this machine has no server. */
  readonly redisUrl: string | null
  /** Resolves with one line when a store that we started ends without having been asked to. */
  readonly lost: Promise<string>
  /** Ends what was started here. */
  stop(): Promise<void>
}

export interface StoresTerms {
  readonly config: Pick<Config, 'database' | 'redis' | 'dataDir'>
  readonly entropy: Entropy
  /** Where a Redis server is looked for: the variable PATH. */
  readonly path: string
}

interface Store {
  readonly name: string
  readonly url: string
  readonly lost?: Promise<string>
  stop(): Promise<void>
}

const patienceMs = 5_000

/** An address that does not answer is a Fault: nothing else is used in its place. The caller has claimed the data folder. */
export async function openStores(terms: StoresTerms): Promise<Stores> {
  const opened = await Promise.allSettled([openPostgres(terms), openRedis(terms)])
  const [database, redis] = opened.map((one) => (one.status === 'fulfilled' ? one.value : null))
  const stop = async () => void (await Promise.all([database?.stop(), redis?.stop()]))
  const failed = opened.find((one) => one.status === 'rejected')
  if (failed || !database) {
    await stop()
    throw failed?.reason
  }
  const losses = [database, redis].flatMap((store) => (store?.lost ? [lossOf(store.name, store.lost)] : []))
  return { databaseUrl: database.url, redisUrl: redis?.url ?? null, lost: Promise.race(losses.concat(never)), stop }
}

const never = new Promise<string>(() => {})
const atAddress = (name: string, url: string): Store => ({ name, url, stop: async () => {} })
const lossOf = async (name: string, lost: Promise<string>) => `${name} ended: ${(await lost).trim().split('\n').at(-1)}`

async function openPostgres({ config: { database, dataDir }, entropy }: StoresTerms): Promise<Store> {
  const name = 'the embedded Postgres'
  if (database.kind === 'embedded')
    return { name, ...(await startPostgres({ folder: join(dataDir, 'postgres'), entropy })) }
  const client = new pg.Client({ connectionString: database.url, connectionTimeoutMillis: patienceMs })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('select 1')
  } catch (thrown) {
    throw unreachable('DATABASE_URL', database.url, thrown)
  } finally {
    await client.end().catch(() => {})
  }
  return atAddress('Postgres', database.url)
}

async function openRedis({ config: { redis, dataDir }, entropy, path }: StoresTerms): Promise<Store | null> {
  if (redis.kind === 'embedded') {
    const server = await startRedis({ folder: join(dataDir, 'redis'), entropy, path })
    return server && { name: 'the embedded Redis', ...server }
  }
  const client = new Redis(redis.url, { lazyConnect: true, connectTimeout: patienceMs, retryStrategy: () => null })
  let reason: unknown
  client.on('error', (thrown) => {
    reason = thrown
  })
  try {
    await client.connect()
    await client.ping()
  } catch (thrown) {
    throw unreachable('REDIS_URL', redis.url, reason ?? thrown)
  } finally {
    client.disconnect()
  }
  return atAddress('Redis', redis.url)
}

/** Names the host, never the password beside it. */
function unreachable(variable: string, url: string, thrown: unknown): Error {
  const code = systemCode(thrown)
  const [message] = (thrown instanceof Error ? thrown.message : String(thrown)).split('\n')
  const what = /^E[A-Z]+$/.test(code) ? `does not answer (${code})` : `refuses us (${message})`
  const remedy = `Mend that, correct ${variable}, or remove ${variable} to use the embedded one.`
  return fault(`${variable}: ${new URL(url).host} ${what}. ${remedy}`, thrown)
}
