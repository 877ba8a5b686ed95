import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readMigrations } from '../migrations.ts'
import { type TestDatabase, testDatabase } from '../testing.ts'
import { breachesOf, inexcusable } from './breaches.ts'
import { type Contract, readContract } from './contract.ts'
import { readReleased } from './file.ts'

let home: TestDatabase
let client: pg.Client
let before: Contract

beforeAll(async () => {
  home = await testDatabase()
  client = new pg.Client(home.url)
  await client.connect()
  before = await readContract(client, '')
})
afterAll(async () => {
  await client.end()
  await home.drop()
})

/** Of a release that stands on the schema as it is, once this was done to it. */
async function breachesBy(statements: string) {
  await client.query('BEGIN')
  try {
    await client.query(statements)
    return breachesOf(before, await readContract(client, ''))
  } finally {
    await client.query('ROLLBACK')
  }
}

describe('the release that still runs', () => {
  it('finds in the newest schema whatever it counts on', () => {
    const released = readReleased()
    const since = readMigrations().filter(({ name }) => name > released.through)
    expect(Object.keys(released.tables).length).toBeGreaterThan(30)
    expect(inexcusable(breachesOf(released, before), since)).toEqual([])
  })

  it.each([
    ['users.accounts', 'DROP TABLE users.accounts CASCADE'],
    ['users.accounts.display_name', 'ALTER TABLE users.accounts RENAME display_name TO shown_name'],
    ['users.accounts.status', 'ALTER TABLE users.accounts DROP COLUMN status CASCADE'],
    ['users.accounts.grants_epoch', 'ALTER TABLE users.accounts ALTER grants_epoch TYPE bigint'],
    ['users.accounts.status', 'ALTER TABLE users.accounts ALTER status DROP NOT NULL'],
    ['users.accounts.erase_at', 'ALTER TABLE users.accounts ALTER erase_at SET NOT NULL'],
    ['users.accounts.grants_epoch', 'ALTER TABLE users.accounts ALTER grants_epoch DROP DEFAULT'],
    ['users.accounts.more', 'ALTER TABLE users.accounts ADD more text NOT NULL'],
    ['users.accounts', 'DROP INDEX users.accounts_erase_at_idx'],
    ['users.accounts', 'CREATE UNIQUE INDEX one ON users.accounts (status)'],
    [
      'users.accounts.shorter',
      'ALTER TABLE users.accounts ADD CONSTRAINT shorter CHECK (length(status) < 3) NOT VALID',
    ],
    ['users.passwords', 'REVOKE UPDATE ON users.passwords FROM latchkey_users'],
    ['api_keys.add_counts(one integer[], other integer[])', 'DROP FUNCTION api_keys.add_counts CASCADE'],
  ])('stumbles over %s after %s', async (of, statements) => {
    expect(await breachesBy(statements)).toContainEqual({ of, what: expect.any(String) })
  })

  it.each([
    'CREATE TABLE users.more (id text PRIMARY KEY)',
    'ALTER TABLE users.accounts ADD more text, ADD CONSTRAINT few CHECK (length(more) < 3)',
    "ALTER TABLE users.accounts ADD more text NOT NULL DEFAULT 'much'",
    'ALTER TABLE users.accounts ADD more text; CREATE UNIQUE INDEX one ON users.accounts (more)',
    'CREATE INDEX another ON users.accounts (status)',
    'GRANT TRUNCATE ON users.passwords TO latchkey_users',
  ])('goes on after %s', async (statements) => {
    expect(await breachesBy(statements)).toEqual([])
  })

  it('is held to nothing that a migration gives a reason for, by its name', () => {
    const breaches = ['users.a.b', 'users.a.c', 'users.a'].map((of) => ({ of, what: 'is gone' }))
    const since = [{ sql: '-- release-safe users.a.b: nothing ever read it\nSELECT 1;\n-- release-safe users.a:\n' }]
    expect(inexcusable(breaches, since).map(({ of }) => of)).toEqual(['users.a.c', 'users.a'])
  })

  it('counts on values of its enums', () => {
    const withValues = (...values: string[]) => ({ ...before, enums: { 'users.state': values } })
    expect(breachesOf(withValues('a', 'b'), withValues('a'))).toEqual([
      { of: 'users.state', what: 'has lost b, which is still written' },
    ])
    expect(breachesOf(withValues('a'), withValues('a', 'b'))).toEqual([])
  })
})
