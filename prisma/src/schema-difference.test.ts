import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { migrationsFolder } from './migrations.ts'
import { compareWithSchema } from './schema-difference.ts'
import { type TestDatabase, testDatabase } from './testing.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.drop())

async function migrationsAnd(sql: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-migrations-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await cp(migrationsFolder, folder, { recursive: true })
  await mkdir(join(folder, '29991231235959_later'))
  await writeFile(join(folder, '29991231235959_later', 'migration.sql'), sql)
  return folder
}

async function shadowsLeft(): Promise<number> {
  const client = new pg.Client(database.url)
  await client.connect()
  const { rows } = await client.query("SELECT 1 FROM pg_database WHERE datname LIKE 'latchkey\\_shadow\\_%'")
  await client.end()
  return rows.length
}

describe('the comparison of schema files with migrations', () => {
  it('finds nothing: what is released is what is described', async () => {
    expect(await compareWithSchema({ server: database.url })).toEqual({ difference: null })
  })

  it('finds a planted drift and says how to mend it', async () => {
    const migrations = await migrationsAnd('ALTER TABLE users.outbox DROP COLUMN kind;')
    const { difference } = await compareWithSchema({ server: database.url, migrations })
    expect(difference).toContain('ALTER TABLE "users"."outbox" ADD COLUMN     "kind" TEXT NOT NULL')
  })

  it('takes a migration with semicolons inside a body whole', async () => {
    const migrations = await migrationsAnd('DO $$ BEGIN PERFORM 1; PERFORM 2; END $$;')
    expect(await compareWithSchema({ server: database.url, migrations })).toEqual({ difference: null })
  })

  it('is a failure, not an agreement, when a migration does not run, and leaves no database behind', async () => {
    const migrations = await migrationsAnd('CREATE TABLE users.broken (one nothing);')
    await expect(compareWithSchema({ server: database.url, migrations })).rejects.toThrow(
      'type "nothing" does not exist',
    )
    expect(await shadowsLeft()).toBe(0)
  })

  it('is a failure, not an agreement, when the server cannot be reached', async () => {
    const server = 'postgresql://nobody:none@127.0.0.1:1/none'
    await expect(compareWithSchema({ server })).rejects.toThrow("Can't reach database server")
  })
})
