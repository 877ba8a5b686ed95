/** Applies pending migrations at start: Prisma's own table, checksums and lock, without its command line. */
import { createHash, randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { requireOwnSession } from './pool.ts'

export interface Migration {
  readonly name: string
  readonly sql: string
  readonly checksum: string
}

export interface AppliedMigration {
  readonly name: string
  readonly checksum: string
  readonly finished: boolean
}

/** The key Prisma's engine locks while it migrates. */
const advisoryLock = 72707369
/** Whoever migrates is waited for so long. */
const turnWithinMs = 60_000
const turnAgainAfterMs = 50

const table = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
  id VARCHAR(36) PRIMARY KEY NOT NULL,
  checksum VARCHAR(64) NOT NULL,
  finished_at TIMESTAMPTZ,
  migration_name VARCHAR(255) NOT NULL,
  logs TEXT,
  rolled_back_at TIMESTAMPTZ,
  started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  applied_steps_count INTEGER NOT NULL DEFAULT 0
)`

/** First line of a migration that Postgres refuses inside a transaction. It holds a single statement. */
const alone = '-- without-transaction'

/** The same from `src` and from `dist`. */
export const migrationsFolder = fileURLToPath(new URL('../migrations', import.meta.url))

const checksumOf = (sql: string): string => createHash('sha256').update(sql).digest('hex')

export function readMigrations(folder: string = migrationsFolder): Migration[] {
  const names = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return names
    .map(({ name }) => {
      const sql = readFileSync(`${folder}/${name}/migration.sql`, 'utf8').replaceAll('\r\n', '\n')
      return { name, sql, checksum: checksumOf(sql) }
    })
    .sort((one, other) => (one.name < other.name ? -1 : 1))
}

export async function readApplied(client: pg.ClientBase): Promise<AppliedMigration[]> {
  const { rows } = await client.query<AppliedMigration>(
    `SELECT migration_name AS name, checksum, finished_at IS NOT NULL AS finished
       FROM public._prisma_migrations WHERE rolled_back_at IS NULL`,
  )
  return rows
}

/** What is left to apply. Throws when the past is not what the files say. */
function pendingOf(migrations: Migration[], applied: AppliedMigration[]): Migration[] {
  const failed = applied.find(({ finished }) => !finished)
  if (failed) {
    throw new Error(
      `Migration ${failed.name} failed earlier. Repair the database, then: npx prisma migrate resolve --applied or --rolled-back ${failed.name}`,
    )
  }
  const checksums = new Map(applied.map(({ name, checksum }) => [name, checksum]))
  const edited = migrations.find(({ name, checksum }) => (checksums.get(name) ?? checksum) !== checksum)
  if (edited) throw new Error(`Migration ${edited.name} was edited after it was applied. Restore it and add a new one.`)
  return migrations.filter(({ name }) => !checksums.has(name))
}

const start = (client: pg.ClientBase, id: string, { name, checksum }: Migration) =>
  client.query('INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ($1, $2, $3)', [
    id,
    checksum,
    name,
  ])

const finish = (client: pg.ClientBase, id: string) =>
  client.query('UPDATE _prisma_migrations SET finished_at = now(), applied_steps_count = 1 WHERE id = $1', [id])

const faultIn = ({ name }: Migration, error: unknown): Error =>
  new Error(`Migration ${name} failed: ${error instanceof Error ? error.message : error}`, { cause: error })

/** Less than statements wait for a lock (`pool.ts`): whoever stands in line behind a migration is served all the same. */
const lockWithinMs = 250
const lockAgainAfterMs = 250
const triesMax = 240
const isLocked = (error: unknown): boolean => error instanceof pg.DatabaseError && error.code === '55P03'

async function tryWhole(client: pg.Client, migration: Migration): Promise<void> {
  const id = randomUUID()
  await client.query(`BEGIN; SET LOCAL lock_timeout = ${lockWithinMs}`)
  await start(client, id, migration)
  await client.query(migration.sql)
  await finish(client, id)
  await client.query('COMMIT')
}

/** All of it or nothing: a failure leaves no trace, and the next start tries again. */
async function applyWhole(client: pg.Client, migration: Migration): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await tryWhole(client, migration)
    } catch (error) {
      await client.query('ROLLBACK').catch(() => {})
      if (tries === triesMax || !isLocked(error)) throw faultIn(migration, error)
      await pause(lockAgainAfterMs)
    }
  }
}

async function applyAlone(client: pg.Client, migration: Migration): Promise<void> {
  const id = randomUUID()
  await start(client, id, migration)
  try {
    await client.query(migration.sql)
  } catch (error) {
    await client.query('UPDATE _prisma_migrations SET logs = $2 WHERE id = $1', [id, String(error)])
    throw faultIn(migration, error)
  }
  await finish(client, id)
}

/** Prisma's table tells no secret, and a process in any role asks it whether it may begin. */
const readableByAll = 'GRANT SELECT ON _prisma_migrations TO PUBLIC'

/**
 * By asking again: a statement that stands waiting has a snapshot, and CREATE INDEX CONCURRENTLY waits for everybody who has one, so
 * that each would wait for the other.
 */
async function takeTurn(client: pg.Client): Promise<void> {
  const endMs = performance.now() + turnWithinMs
  for (;;) {
    const { rows } = await client.query<{ got: boolean }>('SELECT pg_try_advisory_lock($1) AS got', [advisoryLock])
    if (rows[0]?.got) return
    if (performance.now() > endMs) throw new Error('Another process migrates this database, for longer than a minute.')
    await pause(turnAgainAfterMs)
  }
}

async function applyPending(client: pg.Client, folder: string): Promise<string[]> {
  await takeTurn(client)
  await client.query(table)
  await client.query(readableByAll)
  const pending = pendingOf(readMigrations(folder), await readApplied(client))
  for (const migration of pending) {
    await (migration.sql.startsWith(alone) ? applyAlone(client, migration) : applyWhole(client, migration))
  }
  return pending.map(({ name }) => name)
}

/**
 * Brings the database to the newest schema and names what was applied, oldest first. Any number of processes may call it
 * at once: one applies, the others wait (60 s at most) and find nothing to do. It needs a session of its own, so give it
 * Postgres itself and not a PgBouncer that pools transactions.
 *
 * Throws when a migration fails, failed earlier, or was edited after it was applied, and where it would have no session of its own.
 */
export async function applyMigrations(url: string, folder: string = migrationsFolder): Promise<string[]> {
  requireOwnSession(url)
  const client = new pg.Client({
    connectionString: url,
    application_name: 'latchkey-migrate',
    connectionTimeoutMillis: 5_000,
    lock_timeout: 60_000,
    // A user named like one of our schemas would otherwise find Prisma's table there; and a long migration may take long.
    options: '-c search_path=public -c statement_timeout=0',
  })
  client.on('error', () => {})
  await client.connect()
  try {
    return await applyPending(client, folder)
  } finally {
    // Ends the session, and with it the lock.
    await client.end()
  }
}

/**
 * Applies migrations inside the transaction that `client` is in, where nothing is applied yet or what is before them. It waits
 * for whoever migrates, and whoever wants to migrate waits for the end of the transaction.
 */
export async function applyWithin(client: pg.ClientBase, migrations: readonly Migration[]): Promise<void> {
  await client.query('SELECT pg_advisory_xact_lock($1)', [advisoryLock])
  await client.query(table)
  for (const migration of migrations) {
    const id = randomUUID()
    await start(client, id, migration)
    // What is made beside running statements elsewhere is made here while nobody else is there.
    await client.query(
      migration.sql.startsWith(alone) ? migration.sql.replace(/\bCONCURRENTLY\b/gi, '') : migration.sql,
    )
    await finish(client, id)
  }
}
const undefinedTable = '42P01'

/**
 * Rejects, naming them, while there are migrations to apply, and with whatever else keeps it from knowing. What a newer release has
 * applied besides is none of its business.
 */
export const requireMigrated =
  (url: string, folder: string = migrationsFolder): (() => Promise<void>) =>
  async () => {
    const client = new pg.Client({
      ...{ connectionString: url, application_name: 'latchkey-migrate', connectionTimeoutMillis: 2_000 },
      query_timeout: 2_000,
    })
    client.on('error', () => {})
    try {
      await client.connect()
      const pending = pendingOf(readMigrations(folder), await readAppliedIfAny(client))
      if (pending.length > 0) throw new Error(`the database lacks ${pending.map(({ name }) => name).join(', ')}`)
    } finally {
      await client.end().catch(() => {})
    }
  }

const readAppliedIfAny = (client: pg.Client): Promise<AppliedMigration[]> =>
  readApplied(client).catch((fault: { code?: string }) => {
    if (fault.code === undefinedTable) return []
    throw fault
  })
