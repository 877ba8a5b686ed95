/** One bounded pool of connections to Postgres, in one role, that outlives the server's restarts. */
import { usualPatienceMs } from '@latchkey/clock/awake'
import pg from 'pg'
import { parseIntoClientConfig } from 'pg-connection-string'
import { asProblem } from './failure.ts'
import { behindServersMs, lockTimeoutOf, noSooner } from './patience.ts'
import { connectPatiently, ownSockets } from './patient-connect.ts'
import { watchPool } from './pool-health.ts'

/**
 * Each may touch the Postgres schema of its own subgraph and nothing else. A PgBouncer in front takes no such start-up
 * option: there, give each subgraph a login that is a member of its role (`ALTER ROLE login SET role = …`), leave `role`
 * out, and let PgBouncer ignore the start-up parameters `statement_timeout` and `idle_in_transaction_session_timeout`, and
 * `options`, by which the role and `lock_timeout` are named (`ALTER ROLE login SET lock_timeout = …`).
 */
export type DatabaseRole = 'latchkey_users' | 'latchkey_sessions' | 'latchkey_api_keys'

export interface PoolOptions {
  readonly url: string
  readonly role?: DatabaseRole
  /**
   * Connections at most, 10 unless told, and one more that asks for signs of life. Who finds none free gets UNAVAILABLE: after 2 s
   * while others come back, and once none has for twice `patienceMs`.
   */
  readonly poolMax?: number
  /**
   * Milliseconds in which Postgres may give no sign of life, 200 unless told. A lock is waited for a quarter longer, and nothing else
   * is given up sooner.
   */
  readonly patienceMs?: number
}

/** As Prisma has it: `?pgbouncer=true`. */
export const poolsTransactions = (url: string): boolean => new URL(url).searchParams.get('pgbouncer') === 'true'

/** Throws where a session would not stay one: its locks and settings would be those of whoever comes next. */
export function requireOwnSession(url: string): void {
  if (poolsTransactions(url))
    throw new Error('This keeps locks in its session: give it the address of Postgres itself, not of a PgBouncer.')
}

/** Behind the wait of whoever wants one, for a connection that nobody waits for any longer; a timer does not know that we stood still. */
const connectTimeoutMs = 5_000
const statementTimeoutMs = 5_000
const idleInTransactionTimeoutMs = 10_000

/** pg-pool throws a connection away after every failed statement, a unique violation too. Only a lost one has to go. */
async function runOn(pool: pg.Pool, statement: pg.QueryConfig): Promise<pg.QueryResult> {
  const client = await pool.connect()
  let lost: Error | undefined
  const onError = (error: Error) => {
    lost = error
  }
  client.on('error', onError)
  try {
    return await client.query(statement)
  } catch (error) {
    if (error instanceof Error && asProblem(error) !== error) lost = error
    throw error
  } finally {
    client.off('error', onError)
    client.release(lost)
  }
}

/**
 * A ROLLBACK that timed out behind a frozen server was never sent. Whoever got that connection next would write into a
 * transaction that nobody commits. Ending the client here makes the pool drop it.
 */
function endIfInTransaction(client: pg.PoolClient & Partial<pg.Client>): void {
  if (client.getTransactionStatus?.() !== 'I') client.end?.().catch(() => {})
}

/** Opens no connection before the first statement. Of `query`, only the form with one object is there. */
export function openPool({ url, role, poolMax = 10, patienceMs = usualPatienceMs }: PoolOptions): pg.Pool {
  const { options, ...target } = parseIntoClientConfig(url)
  const server = { application_name: role ?? 'latchkey', ...target }
  const sockets = ownSockets()
  const statementMs = noSooner(statementTimeoutMs, patienceMs)
  // Start-up options, so that RESET ROLE and DISCARD ALL come back to them.
  const settings = [`-c lock_timeout=${lockTimeoutOf(patienceMs)}`, options, role && `-c role=${role}`]
  const pool = new pg.Pool({
    ...server,
    options: settings.filter(Boolean).join(' '),
    stream: sockets.stream,
    max: poolMax,
    connectionTimeoutMillis: noSooner(connectTimeoutMs, patienceMs),
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    statement_timeout: statementMs,
    query_timeout: statementMs + behindServersMs,
    idle_in_transaction_session_timeout: noSooner(idleInTransactionTimeoutMs, patienceMs),
  })
  // An idle connection that dies has left the pool already; unheard, its error would end the process.
  pool.on('error', () => {})
  // Nor does anybody listen to one between being lent and being asked: it may be told to go in the same breath as that it is ready.
  pool.on('connect', (client) => client.on('error', () => {}))
  pool.on('release', (_error, client) => endIfInTransaction(client))
  connectPatiently(pool, { server, sockets, patienceMs })
  watchPool(pool, role ?? 'none', poolMax)
  // The overloads of `query` are those of pg; Prisma and `openDatabase` use this one.
  pool.query = ((statement: pg.QueryConfig) => runOn(pool, statement)) as typeof pool.query
  return pool
}
