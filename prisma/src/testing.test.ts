import { Redis } from 'ioredis'
import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { testDatabase, testRedis } from './testing.ts'

async function opened() {
  const database = await testDatabase()
  const client = new pg.Client(database.url)
  // `drop` cuts the connection: that is what it is for.
  client.on('error', () => {})
  await client.connect()
  onTestFinished(database.drop)
  return { ...database, client }
}

describe('a database for a test', () => {
  it('is migrated and its own, however many are made at once', async () => {
    const databases = await Promise.all([opened(), opened(), opened()])
    for (const { client } of databases) await client.query('create table mine ()')
    const applied = await databases[0]?.client.query('select count(*)::int as count from _prisma_migrations')
    expect(applied?.rows[0].count).toBeGreaterThan(0)
    expect(new Set(databases.map(({ url }) => url)).size).toBe(3)
  })

  it('is gone once dropped, connections or not', async () => {
    const { url, drop } = await opened()
    await drop()
    await expect(new pg.Client(url).connect()).rejects.toThrow('does not exist')
  })
})

describe.skipIf(!testRedis())('the Redis for tests', () => {
  it('answers, and gives every caller keys of its own', async () => {
    const [one, other] = [testRedis(), testRedis()]
    expect(one?.prefix).not.toBe(other?.prefix)
    const client = new Redis(one?.url ?? '')
    expect(await client.ping()).toBe('PONG')
    client.disconnect()
  })
})
