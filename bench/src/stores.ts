/** The system from behind: its own stores, and what its operator says at the command line. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Database, openDatabase } from '@latchkey/prisma'
import { Client } from 'pg'
import type { System } from './system.ts'

/** Of the embedded Postgres that a data folder holds. */
function databaseUrlIn(dataDir: string): string {
  const home = join(dataDir, 'postgres')
  const password = readFileSync(join(home, 'password'), 'utf8').trim()
  const port = readFileSync(join(home, 'cluster-18', 'postmaster.pid'), 'utf8').split('\n')[3]
  return `postgresql://postgres:${password}@127.0.0.1:${port}/latchkey`
}

export const databaseUrlOf = ({ dataDir }: System): string => databaseUrlIn(dataDir)

export async function withDatabaseOf<Value>(
  { dataDir }: System,
  work: (database: Database) => Promise<Value>,
): Promise<Value> {
  const database = openDatabase({ url: databaseUrlIn(dataDir) })
  try {
    return await work(database)
  } finally {
    await database.close()
  }
}

/** Of a new database beside the system's own. */
export async function newDatabaseOf({ dataDir }: System, name: string): Promise<string> {
  const url = new URL(databaseUrlIn(dataDir))
  const client = new Client({ connectionString: url.href })
  await client.connect()
  await client.query(`CREATE DATABASE ${name}`)
  await client.end()
  url.pathname = `/${name}`
  return url.href
}

/** Of the embedded Redis that a data folder holds. */
export function redisUrlOf({ dataDir }: System): string {
  const configuration = readFileSync(join(dataDir, 'redis', 'redis.conf'), 'utf8')
  const setting = (name: string) => new RegExp(`^${name} (.+)$`, 'm').exec(configuration)?.[1]
  return `redis://:${setting('requirepass')}@127.0.0.1:${setting('port')}`
}

/** `npm run latchkey -- WORDS` for this system. Rejects when it fails. */
export const operate = ({ dataDir }: System, ...words: string[]): Promise<unknown> =>
  promisify(execFile)(
    process.execPath,
    [fileURLToPath(new URL('../../app/dist/commands/main.js', import.meta.url)), ...words],
    { env: { PATH: process.env.PATH, LATCHKEY_DATA_DIR: dataDir } },
  )
