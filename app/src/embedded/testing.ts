/** vitest's global setup: one real Redis for the whole run, and one real Postgres from the moment a test first asks for it. */
import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { systemEntropy as entropy } from '@latchkey/clock'
import { applyMigrations } from '@latchkey/prisma/migrations'
import pg from 'pg'
import { type EmbeddedPostgres, startPostgres } from './postgres.ts'
import { makeQuickFolder } from './quick-folder.ts'
import { startRedis } from './redis.ts'

/** Hands `@latchkey/prisma/testing` what it needs, and gives the function that takes it all away again. */
export async function setup(): Promise<() => Promise<void>> {
  const folder = makeQuickFolder('latchkey-stores')
  const redis = await redisIn(join(folder, 'redis'))
  const databases = databasesIn(join(folder, 'postgres'))
  const address = await answer(databases.open)
  process.env.LATCHKEY_TEST_STORES = address.url
  return async () => {
    address.close()
    await Promise.all([redis?.stop(), databases.close()])
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Tests that find no Redis address are skipped. */
async function redisIn(folder: string) {
  if (process.env.LATCHKEY_TEST_REDIS_URL) return null
  const redis = await startRedis({ folder, entropy, path: process.env.PATH ?? '' })
  if (redis) process.env.LATCHKEY_TEST_REDIS_URL = redis.url
  return redis
}

export interface TestDatabases {
  /** The superuser's address. */
  readonly admin: string
  /** The migrated database that each test's own is copied from. */
  readonly template: string
}

/** Nothing here is worth keeping, so nothing waits for the disk. */
const settings = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off', max_connections: '200' }

function databasesIn(folder: string) {
  let server: EmbeddedPostgres | null = null
  let opened: Promise<TestDatabases> | null = null
  const start = async (): Promise<TestDatabases> => {
    server = process.env.LATCHKEY_TEST_DATABASE_URL ? null : await startPostgres({ folder, entropy, settings })
    const admin = server?.url ?? process.env.LATCHKEY_TEST_DATABASE_URL ?? ''
    return { admin, template: await migratedTemplate(admin) }
  }
  return {
    open() {
      opened ??= start()
      return opened
    },
    async close() {
      const databases = await opened?.catch(() => null)
      if (server) await server.stop()
      else if (databases) await onServer(databases.admin, `drop database ${pg.escapeIdentifier(databases.template)}`)
    },
  }
}

async function migratedTemplate(admin: string): Promise<string> {
  const template = `latchkey_template_${randomUUID().slice(0, 8)}`
  await onServer(admin, `create database ${pg.escapeIdentifier(template)}`)
  const url = new URL(admin)
  url.pathname = `/${template}`
  await applyMigrations(url.href)
  return template
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

/** Tests run in processes of their own: they ask over loopback, on a path nobody can guess. */
async function answer(open: () => Promise<TestDatabases>) {
  const path = `/${randomUUID()}`
  const server = createServer((request, response) => {
    if (request.url !== path) return response.writeHead(404).end()
    return open().then(
      (databases) => response.end(JSON.stringify(databases)),
      (thrown) => response.writeHead(500).end(String(thrown)),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  server.unref()
  const bound = server.address()
  const port = typeof bound === 'object' ? bound?.port : undefined
  return {
    url: `http://127.0.0.1:${port}${path}`,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
