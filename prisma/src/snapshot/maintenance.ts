/** The lock that keeps everybody out while a database is restored. It ends with the session that holds it, however that ends. */
import type pg from 'pg'

// Two numbers of our own among the advisory locks of the database.
const restoring = 7270_7391
const closed = 7270_7392

/** In the statement by which a process asks whether its database answers: false while it is restored. */
export const isOpenSql = `pg_try_advisory_xact_lock_shared(${closed})`

const servingSql = `
  SELECT count(*)::int AS serving FROM pg_stat_activity
   WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE 'latchkey\\_%'`

async function requireNobodyServing(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ serving: number }>(servingSql)
  const serving = rows[0]?.serving ?? 0
  if (serving > 0)
    throw new Error(
      `${serving} connection${serving === 1 ? '' : 's'} of running processes to this database: stop every process first. They keep in memory what the copy does not know.`,
    )
}

const isLockTimeout = (thrown: unknown) => thrown instanceof Error && 'code' in thrown && thrown.code === '55P03'

/** For as long as the session lives. Refuses when another restore is under way, or processes are connected. */
export async function closeForRestore(client: pg.ClientBase): Promise<void> {
  try {
    // One that was killed a moment ago is still being cleared away.
    await client.query("SET lock_timeout = '2s'")
    await client.query(`SELECT pg_advisory_lock(${restoring})`)
  } catch (thrown) {
    if (!isLockTimeout(thrown)) throw thrown
    throw new Error('Another restore of this database is under way. Nothing was changed by this one.', {
      cause: thrown,
    })
  }
  await client.query("SET lock_timeout = '10s'")
  await client.query(`SELECT pg_advisory_lock(${closed})`)
  await requireNobodyServing(client)
}
