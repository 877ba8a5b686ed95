/** What a test needs of the stores: a migrated database of its own, and keys of its own in one Redis. */
import { randomUUID } from 'node:crypto'
import pg from 'pg'

export interface TestDatabase {
  /** `postgresql://…` of a database that nobody else uses, with all migrations applied. */
  readonly url: string
  /** Removes it, cutting what is still connected. */
  drop(): Promise<void>
}

/** How long a store is waited for on a machine that tests everything at once: it is slow, and no store is away by that. */
export const storePatienceMs = 15_000

/** A real Postgres is started when the first test of a run asks; every later copy takes some thirty milliseconds. */
export async function testDatabase(): Promise<TestDatabase> {
  const { admin, template } = await runningStores()
  const name = pg.escapeIdentifier(`test_${randomUUID()}`)
  await onServer(admin, `create database ${name} template ${pg.escapeIdentifier(template)} strategy file_copy`)
  const url = new URL(admin)
  url.pathname = `/${name.slice(1, -1)}`
  return { url: url.href, drop: () => onServer(admin, `drop database if exists ${name} with (force)`) }
}

/** `null` on a machine without a Redis server: `describe.skipIf(!testRedis())`. Every key a test writes starts with `prefix`. */
export function testRedis(): { readonly url: string; readonly prefix: string } | null {
  const url = process.env.LATCHKEY_TEST_REDIS_URL
  return url ? { url, prefix: `test:${randomUUID()}:` } : null
}

async function runningStores(): Promise<{ admin: string; template: string }> {
  const address = process.env.LATCHKEY_TEST_STORES
  if (!address)
    throw new Error('Databases for tests are started by vitest: run `npm test` or `npx vitest run` at the root.')
  const response = await fetch(address)
  const body = await response.text()
  if (!response.ok) throw new Error(body)
  return JSON.parse(body)
}

async function onServer(url: string, statement: string): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
