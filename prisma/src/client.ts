/** The one door to Postgres: Prisma for use cases, prepared statements for the hot path, one bounded pool under both. */
import { usualPatienceMs } from '@latchkey/clock/awake'
import { Problem } from '@latchkey/problem'
import { PrismaPg } from '@prisma/adapter-pg'
import type pg from 'pg'
import { createBatchedRead } from './batched-read.ts'
import { answered, despiteDeadlock } from './failure.ts'
import { PrismaClient } from './generated/client.ts'
import { noSooner } from './patience.ts'
import { openPool, type PoolOptions, poolsTransactions } from './pool.ts'
import { isOpenSql } from './snapshot/maintenance.ts'
import { tracedQuestion } from './traced-question.ts'

export { taken } from './failure.ts'
export { Prisma, type PrismaClient } from './generated/client.ts'
export type { DatabaseRole } from './pool.ts'

export interface Statement {
  /**
   * Unique per text, 63 characters at most: the name under which a connection keeps it prepared. A PgBouncer that pools
   * transactions must carry such names: 1.21 or newer, with `max_prepared_statements` above 0. For an older one say so in the
   * address (`?pgbouncer=true`): then nothing is kept prepared.
   */
  readonly name: string
  readonly text: string
}

/** Whatever is asked here rejects with UNAVAILABLE while Postgres cannot answer, and works again once it can. */
export interface Database {
  /** The models of `prisma/schema`. */
  readonly prisma: PrismaClient
  /**
   * Plain SQL for the hot path: prepared once a connection, answered within 2 s, or as long as patience lasts. `bigint` comes as text,
   * as pg has it.
   */
  query<Row>(statement: Statement, values: unknown[]): Promise<Row[]>
  /**
   * The same for one statement that must not run beside another of its lock, in any process: it sees whatever those before
   * it committed, so that what it decides from many rows is still true when it writes. Who waits longer than 2 s for the
   * lock, or than patience lasts, gets UNAVAILABLE; the statement may take 30 s.
   */
  queryAlone<Row>(lock: string, statement: Statement, values: unknown[]): Promise<Row[]>
  /**
   * A reader by key whose concurrent questions share a statement (`… = ANY($1::text[])`). Every answer was read after it
   * was asked for; nothing is cached. An unknown key has no rows. Callers with the same key may share one list.
   */
  batchedRead<Key extends string, Row>(
    statement: Statement,
    keyOf: (row: Row) => Key,
  ): (key: Key) => Promise<readonly Row[]>
  /** Resolves when the database answers, in the role that was asked for: a pooler between may have dropped it. */
  ping(): Promise<void>
  /** Lets what runs finish, then ends every connection. */
  close(): Promise<void>
}

const hotAnswerTimeoutMs = 2_000
const aloneTimeoutMs = 30_000
const aloneLockTimeoutMs = 2_000
/** As Prisma has them. */
const [transactionWaitMs, transactionTimeoutMs] = [2_000, 5_000]

interface Alone {
  readonly lock: string
  readonly lockTimeoutMs: number
  readonly statement: pg.QueryConfig
}

/** In a transaction, because a statement sees what was committed before it began: the lock has to be held by then. */
async function runAlone<Row>(pool: pg.Pool, { lock, lockTimeoutMs, statement }: Alone): Promise<Row[]> {
  const client = await pool.connect()
  let lost: Error | undefined
  const onError = (error: Error) => {
    lost = error
  }
  client.on('error', onError)
  try {
    await client.query(
      `BEGIN; SET LOCAL lock_timeout = ${lockTimeoutMs}; SET LOCAL statement_timeout = ${aloneTimeoutMs}`,
    )
    await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [lock])
    // Rows and tables that somebody else holds are waited for no longer than by anybody: that of the lock was waited for already.
    await client.query('SET LOCAL lock_timeout TO DEFAULT')
    const timed: pg.QueryConfig & { query_timeout: number } = { ...statement, query_timeout: aloneTimeoutMs + 500 }
    const { rows } = await client.query(timed)
    await client.query('COMMIT')
    return rows
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {})
    throw error
  } finally {
    client.off('error', onError)
    // One that is still in a transaction is dropped by the pool.
    client.release(lost)
  }
}

function openPrisma(pool: pg.Pool, patienceMs: number): PrismaClient {
  // `minimal`: a message is for the log, not a picture of our source with the arguments in it.
  const prisma = new PrismaClient({
    adapter: new PrismaPg(pool),
    errorFormat: 'minimal',
    transactionOptions: {
      maxWait: noSooner(transactionWaitMs, patienceMs),
      timeout: noSooner(transactionTimeoutMs, patienceMs),
    },
  })
  const guarded = prisma.$extends({
    query: {
      $allOperations: ({ model, operation, args, query }) =>
        tracedQuestion(`${model ?? 'prisma'}.${operation}`, () => answered(query(args))),
    },
  })
  // Beginning and committing are no operations of a model, so the extension does not see them fail.
  const transact = (...args: unknown[]) =>
    tracedQuestion('transaction', () => answered(Reflect.apply(guarded.$transaction, guarded, args)))
  // Extensions of `query` change no type, and what is put over it has the same face.
  return Object.create(guarded, { $transaction: { value: transact } }) as PrismaClient
}

const pingStatement = { name: 'latchkey_ping', text: `SELECT current_user AS role, ${isOpenSql} AS open` }

/** Opens no connection before the first question. */
export function openDatabase(options: PoolOptions): Database {
  const pool = openPool(options)
  const isPooled = poolsTransactions(options.url)
  const { patienceMs = usualPatienceMs } = options
  const prisma = openPrisma(pool, patienceMs)
  const answerTimeoutMs = noSooner(hotAnswerTimeoutMs, patienceMs)
  const lockTimeoutMs = noSooner(aloneLockTimeoutMs, patienceMs)
  const stated = ({ name, text }: Statement, values: unknown[]) => ({ ...(!isPooled && { name }), text, values })

  async function query<Row>(asked: Statement, values: unknown[]): Promise<Row[]> {
    const statement = { ...stated(asked, values), query_timeout: answerTimeoutMs }
    return (await tracedQuestion(asked.name, () => answered(despiteDeadlock(() => pool.query(statement))))).rows
  }

  return {
    prisma,
    query,
    queryAlone<Row>(lock: string, asked: Statement, values: unknown[]) {
      const alone = { lock, lockTimeoutMs, statement: stated(asked, values) }
      return tracedQuestion(asked.name, () => answered(despiteDeadlock(() => runAlone<Row>(pool, alone))))
    },
    batchedRead(statement, keyOf) {
      const read = createBatchedRead((keys) => query(statement, [keys]), keyOf)
      // Of a statement that many share, it is in the trace of whoever came first; that they waited for it, in everybody's.
      return (key) => tracedQuestion(`${statement.name} with others`, () => read(key))
    },
    async ping() {
      const [row] = await query<{ role: string; open: boolean }>(pingStatement, [])
      if (options.role && row?.role !== options.role) {
        throw new Problem('UNAVAILABLE', `database: connected as ${row?.role}, not as ${options.role}`)
      }
      if (!row?.open) throw new Problem('UNAVAILABLE', 'database: it is being restored')
    },
    async close() {
      await prisma.$disconnect()
      await pool.end()
    },
  }
}
