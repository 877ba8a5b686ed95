import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { applyMigrations, migrationsFolder, requireMigrated } from './migrations.ts'
import { type TestDatabase, testDatabase } from './testing.ts'

let server: TestDatabase
let count = 0

beforeAll(async () => {
  server = await testDatabase()
})
afterAll(() => server.drop())

async function rowsOf<Row extends pg.QueryResultRow>(url: string, sql: string): Promise<Row[]> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    return (await client.query<Row>(sql)).rows
  } finally {
    await client.end()
  }
}

async function emptyDatabase(): Promise<string> {
  const url = new URL(server.url)
  const name = `${url.pathname.slice(1)}_${++count}`
  await rowsOf(server.url, `CREATE DATABASE "${name}" TEMPLATE template0`)
  onTestFinished(async () => {
    await rowsOf(server.url, `DROP DATABASE "${name}" WITH (FORCE)`)
  })
  url.pathname = `/${name}`
  return url.href
}

async function folderOf(migrations: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-migrations-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  for (const [name, sql] of Object.entries(migrations)) await write(folder, name, sql)
  return folder
}

async function write(folder: string, name: string, sql: string): Promise<void> {
  await mkdir(join(folder, name), { recursive: true })
  await writeFile(join(folder, name, 'migration.sql'), sql)
}

const applied = (url: string) =>
  rowsOf<{ name: string; steps: number; finished: boolean }>(
    url,
    `SELECT migration_name AS name, applied_steps_count AS steps, finished_at IS NOT NULL AS finished
       FROM _prisma_migrations ORDER BY migration_name`,
  )

const waitingFor = (url: string, table: string) =>
  rowsOf(url, `SELECT FROM pg_locks WHERE NOT granted AND relation = '${table}'::regclass`)

describe('applying migrations', () => {
  it('waits for a lock in short tries, so that whoever stands behind it is served before it is', async () => {
    const url = await emptyDatabase()
    await rowsOf(url, 'CREATE TABLE busy ()')
    const reader = new pg.Client(url)
    await reader.connect()
    await reader.query('BEGIN; SELECT count(*) FROM busy')
    const migrating = applyMigrations(url, await folderOf({ '1_more': 'ALTER TABLE busy ADD COLUMN more text;' }))
    await expect.poll(() => waitingFor(url, 'busy'), { interval: 5 }).not.toEqual([])
    for (let turn = 0; turn < 20; turn++) await rowsOf(url, 'SELECT count(*) FROM busy')
    await reader.end()
    expect(await migrating).toEqual(['1_more'])
  })

  it('brings an empty database to the newest schema, and then finds nothing to do', async () => {
    const url = await emptyDatabase()
    const names = await applyMigrations(url)
    expect(names.length).toBeGreaterThan(0)
    expect(await applied(url)).toEqual(names.map((name) => ({ name, steps: 1, finished: true })))
    expect(await applyMigrations(url)).toEqual([])
  })

  it('applies in the order of names, and later only what was added', async () => {
    const url = await emptyDatabase()
    const folder = await folderOf({ '2_two': 'ALTER TABLE things ADD two int;', '1_one': 'CREATE TABLE things ();' })
    expect(await applyMigrations(url, folder)).toEqual(['1_one', '2_two'])
    await write(folder, '3_three', 'ALTER TABLE things ADD three int;')
    expect(await applyMigrations(url, folder)).toEqual(['3_three'])
  })

  it('applies each once when twenty start at the same moment', async () => {
    const url = await emptyDatabase()
    const answers = await Promise.all(Array.from({ length: 20 }, () => applyMigrations(url)))
    expect(answers.filter((names) => names.length > 0)).toHaveLength(1)
  })

  it('makes an index beside running statements while others wait to migrate', async () => {
    const url = await emptyDatabase()
    const index = '-- without-transaction\nCREATE INDEX CONCURRENTLY things_one ON things (one);'
    const folder = await folderOf({ '1_one': 'CREATE TABLE things (one int);', '2_index': index })
    const answers = await Promise.all(Array.from({ length: 8 }, () => applyMigrations(url, folder)))
    expect(answers.filter((names) => names.length > 0)).toEqual([['1_one', '2_index']])
  })

  it('migrates several databases of one cluster at the same moment, though roles belong to them all', async () => {
    const urls = await Promise.all([emptyDatabase(), emptyDatabase(), emptyDatabase(), emptyDatabase()])
    const answers = await Promise.all(urls.map((url) => applyMigrations(url)))
    expect(new Set(answers.map(String)).size).toBe(1)
  })

  it('refuses when an applied migration was edited', async () => {
    const url = await emptyDatabase()
    const folder = await folderOf({ '1_one': 'CREATE TABLE things ();' })
    await applyMigrations(url, folder)
    await write(folder, '1_one', 'CREATE TABLE things (edited int);')
    await expect(applyMigrations(url, folder)).rejects.toThrow('Migration 1_one was edited after it was applied')
  })

  it('takes other line ends for the same migration', async () => {
    const url = await emptyDatabase()
    const folder = await folderOf({ '1_one': '-- things\nCREATE TABLE things ();\n' })
    await applyMigrations(url, folder)
    await write(folder, '1_one', '-- things\r\nCREATE TABLE things ();\r\n')
    expect(await applyMigrations(url, folder)).toEqual([])
  })

  it('leaves nothing of a migration that fails, keeps those before it, and tries again next time', async () => {
    const url = await emptyDatabase()
    const folder = await folderOf({ '1_one': 'CREATE TABLE one ();', '2_two': 'CREATE TABLE two (); SELECT nonsense;' })
    await expect(applyMigrations(url, folder)).rejects.toThrow(
      'Migration 2_two failed: column "nonsense" does not exist',
    )
    expect(await applied(url)).toMatchObject([{ name: '1_one' }])
    expect(await rowsOf(url, "SELECT to_regclass('two') AS made")).toEqual([{ made: null }])
    await write(folder, '2_two', 'CREATE TABLE two ();')
    expect(await applyMigrations(url, folder)).toEqual(['2_two'])
  })

  it('runs a statement that Postgres refuses in a transaction, and remembers when it fails', async () => {
    const url = await emptyDatabase()
    const index = '-- without-transaction\nCREATE INDEX CONCURRENTLY things_one ON things (one);'
    const folder = await folderOf({ '1_one': 'CREATE TABLE things (one int);', '2_index': index })
    expect(await applyMigrations(url, folder)).toEqual(['1_one', '2_index'])
    await write(folder, '3_again', index)
    await expect(applyMigrations(url, folder)).rejects.toThrow(
      'Migration 3_again failed: relation "things_one" already exists',
    )
    await expect(applyMigrations(url, folder)).rejects.toThrow('Migration 3_again failed earlier')
  })

  it('leaves what Prisma itself would have written', async () => {
    const url = await emptyDatabase()
    const [first] = await applyMigrations(url)
    const sql = await readFile(join(migrationsFolder, String(first), 'migration.sql'), 'utf8')
    const [row] = await rowsOf<{ checksum: string; logs: string | null }>(
      url,
      'SELECT checksum, logs FROM _prisma_migrations ORDER BY started_at LIMIT 1',
    )
    const { createHash } = await import('node:crypto')
    expect(row).toEqual({ checksum: createHash('sha256').update(sql).digest('hex'), logs: null })
  })

  it('does not begin where its lock would be another one’s', async () => {
    await expect(applyMigrations(`${server.url}?pgbouncer=true`)).rejects.toThrow('the address of Postgres itself')
  })

  it('says within seconds that there is no server', async () => {
    await expect(applyMigrations('postgresql://nobody@127.0.0.1:1/none')).rejects.toThrow('ECONNREFUSED')
  })
})

describe('a process that begins', () => {
  it('is told which migrations are missing, and of none once they are applied', async () => {
    const url = await emptyDatabase()
    const folder = await folderOf({ '1_one': 'CREATE TABLE one ()', '2_two': 'CREATE TABLE two ()' })
    await expect(requireMigrated(url, folder)()).rejects.toThrow('the database lacks 1_one, 2_two')
    await applyMigrations(url, folder)
    await requireMigrated(url, folder)()
    await write(folder, '3_three', 'CREATE TABLE three ()')
    await expect(requireMigrated(url, folder)()).rejects.toThrow('the database lacks 3_three')
  })

  it('does not mind what a newer release has applied', async () => {
    const url = await emptyDatabase()
    const newer = await folderOf({ '1_one': 'CREATE TABLE one ()', '2_two': 'CREATE TABLE two ()' })
    await applyMigrations(url, newer)
    await requireMigrated(url, await folderOf({ '1_one': 'CREATE TABLE one ()' }))()
  })
})
