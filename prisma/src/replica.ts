/** Reads that may lag: asked of a replica while it follows the primary closely, and else of the primary. */
import { performance } from 'node:perf_hooks'
import { secondMs } from '@latchkey/clock'
import { countOf, gaugesOf } from '@latchkey/telemetry/metrics'
import { type Database, openDatabase, type Statement } from './client.ts'
import type { PoolOptions } from './pool.ts'

/** Never for what decides who somebody is or what they may do, and never for what a caller has just written. */
export type LaggingReads = Pick<Database, 'query'>

export interface ReplicaOptions extends PoolOptions {
  /** Who answers reads that may lag; the database itself unless set. */
  readonly replicaUrl?: string | undefined
  /** By how much they may. */
  readonly lagMaxMs: number
}

export interface WithReplica {
  readonly database: Database
  readonly laggingReads: LaggingReads
  /** Ends every connection to both. */
  close(): Promise<void>
}

interface Replica extends LaggingReads {
  close(): Promise<void>
}

const reads = countOf('latchkey_postgres_lagging_reads_total', 'Reads that may lag, by who answered them.', [
  'role',
  'from',
])
const follows = gaugesOf('latchkey_postgres_replica_follows', '1 while the replica is asked; 0 while it is not.', [
  'role',
])

const lookEveryMs = secondMs
/** Rather the primary than a replica that makes anybody wait. */
const answerWithinMs = 500

const writtenSql: Statement = { name: 'replica_written', text: 'SELECT pg_current_wal_lsn()::text AS lsn' }

// Two ways to know. What it has replayed is told by the place in the log: then it is as new as the question for that place was, however
// long ago somebody wrote. Else by the time of the last transaction that it replayed, which is far back also where nobody writes.
const replayedSql: Statement = {
  name: 'replica_replayed',
  text: `SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn AS "caughtUp",
    (extract(epoch FROM now() - pg_last_xact_replay_timestamp()) * 1000)::float8 AS "lagMs"
    WHERE pg_is_in_recovery()`,
}

interface Replayed {
  readonly caughtUp: boolean
  /** `null`: nothing since it was started. */
  readonly lagMs: number | null
}

async function within<Answer>(ms: number, asked: Promise<Answer>): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('the replica is late')), ms).unref()
  })
  return Promise.race([asked, late]).finally(() => clearTimeout(timer))
}

/** Nobody waits to learn whether it follows: it is looked at beside the reads, from the first one on. */
function openReplica(options: PoolOptions, lagMaxMs: number, primary: LaggingReads): Replica {
  const replica = openDatabase(options)
  const role = options.role ?? 'none'
  /** As new as the primary was then. */
  let newAtMs = Number.NEGATIVE_INFINITY
  let looking: NodeJS.Timeout | undefined
  const isFollowing = () => performance.now() - newAtMs <= lagMaxMs
  follows.of({ role }, () => (looking ? Number(isFollowing()) : null))

  async function look(): Promise<void> {
    const askedMs = performance.now()
    const [written] = await primary.query<{ lsn: string }>(writtenSql, [])
    const [replayed] = await within(answerWithinMs, replica.query<Replayed>(replayedSql, [written?.lsn]))
    // One that was made a primary follows nobody.
    if (!replayed) return leave()
    const behindMs = replayed.caughtUp ? 0 : replayed.lagMs
    if (behindMs !== null) newAtMs = Math.max(newAtMs, askedMs - behindMs)
  }

  function leave(): void {
    newAtMs = Number.NEGATIVE_INFINITY
  }

  function keepLooking(): void {
    if (looking) return
    const again = () => void look().catch(leave)
    looking = setInterval(again, lookEveryMs).unref()
    again()
  }

  return {
    async query<Row>(statement: Statement, values: unknown[]): Promise<Row[]> {
      keepLooking()
      if (isFollowing()) {
        try {
          const rows = await within(answerWithinMs, replica.query<Row>(statement, values))
          reads.add({ role, from: 'replica' })
          return rows
        } catch {
          // Away, cancelled because what it reads was just removed, or not migrated yet: the primary says what is wrong, if anything is.
          leave()
        }
      }
      reads.add({ role, from: 'primary' })
      return primary.query<Row>(statement, values)
    },
    async close() {
      clearInterval(looking)
      await replica.close()
    },
  }
}

export function openWithReplica({ replicaUrl, lagMaxMs, ...options }: ReplicaOptions): WithReplica {
  const database = openDatabase(options)
  if (!replicaUrl) return { database, laggingReads: database, close: database.close }
  const replica = openReplica({ ...options, url: replicaUrl }, lagMaxMs, database)
  return {
    database,
    laggingReads: replica,
    async close() {
      await replica.close()
      await database.close()
    },
  }
}
