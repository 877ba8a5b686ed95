/** A job's lease in Postgres: whoever has it works, and shows with every batch that it lives. By the clock of the database alone. */
import type { Database, Statement } from '../client.ts'

export type CleanupSchema = 'users' | 'sessions' | 'api_keys'

/** Rows of one table that are over. */
export interface RowsOver {
  /** `users.email_codes`. */
  readonly table: string
  /** SQL: whether the row `r` is over at `$1`. */
  readonly over: string
}

export interface Leased {
  readonly job: string
  readonly holder: string
}

export interface Leases {
  /** Makes the jobs known; those that are new are due at once. */
  know(jobs: readonly string[], now: Date): Promise<void>
  /** One that is due and that nobody holds; `null`: there is none. */
  take(jobs: readonly string[], holder: string, now: Date): Promise<Leased | null>
  /** Shows that the holder lives. `lost`: it is not theirs any more. */
  renew(leased: Leased): Promise<'held' | 'lost'>
  /** Removes at most `max` rows and shows that the holder lives, as one; `null`: it is not theirs any more, and nothing was removed. */
  removeBatch(leased: Leased, rows: RowsOver, before: Date, max: number): Promise<number | null>
  /** Gives it back. `endedAt`: it was done to its end. */
  giveBack(
    leased: Leased,
    told: { readonly dueAt: Date; readonly endedAt: Date | null; readonly removed: number },
  ): Promise<void>
}

const ahead = (ms: string) => `now() + ${ms} * interval '1 millisecond'`

const statementsFor = (s: CleanupSchema) => {
  const named = (name: string, text: string): Statement => ({ name: `cleanup_${s}_${name}`, text })
  const mine = `UPDATE ${s}.cleanups SET leased_until = ${ahead('$3::int')} WHERE job = $1 AND holder = $2`
  return {
    know: named(
      'know',
      `INSERT INTO ${s}.cleanups (job, due_at) SELECT job, $2 FROM unnest($1::text[]) AS job ON CONFLICT (job) DO NOTHING`,
    ),
    take: named(
      'take',
      `UPDATE ${s}.cleanups SET holder = $2, leased_until = ${ahead('$4::int')}
       WHERE job = (SELECT job FROM ${s}.cleanups WHERE job = ANY($1::text[]) AND due_at <= $3
           AND (leased_until IS NULL OR leased_until <= now()) ORDER BY due_at, job LIMIT 1 FOR UPDATE SKIP LOCKED)
       RETURNING job`,
    ),
    renew: named('renew', `${mine} RETURNING job`),
    giveBack: named(
      'give_back',
      `UPDATE ${s}.cleanups SET holder = NULL, leased_until = NULL, due_at = $3, ended_at = coalesce($4, ended_at),
         removed = removed + $5::bigint WHERE job = $1 AND holder = $2`,
    ),
    // While it removes, the row of its lease is locked: nobody else can have it. Rows that somebody uses are left for the next time.
    remove: (job: string, { table, over }: RowsOver) =>
      named(
        `remove_${job}`,
        `WITH mine AS (${mine} RETURNING job),
           gone AS (DELETE FROM ${table} WHERE ctid = ANY(ARRAY(
             SELECT r.ctid FROM ${table} r WHERE EXISTS (SELECT FROM mine) AND ${over.replaceAll('$1', '$4')}
             LIMIT $5 FOR UPDATE OF r SKIP LOCKED)) RETURNING 1)
         SELECT (SELECT count(*) FROM mine)::int AS held, (SELECT count(*) FROM gone)::int AS removed`,
      ),
  }
}

export function createLeases(database: Pick<Database, 'query'>, schema: CleanupSchema, leaseMs: number): Leases {
  const statements = statementsFor(schema)
  return {
    async know(jobs, now) {
      await database.query(statements.know, [jobs, now])
    },
    async take(jobs, holder, now) {
      const [taken] = await database.query<{ job: string }>(statements.take, [jobs, holder, now, leaseMs])
      return taken ? { job: taken.job, holder } : null
    },
    async renew({ job, holder }) {
      return (await database.query(statements.renew, [job, holder, leaseMs])).length === 1 ? 'held' : 'lost'
    },
    async removeBatch({ job, holder }, rows, before, max) {
      const values = [job, holder, leaseMs, before, max]
      const [done] = await database.query<{ held: number; removed: number }>(statements.remove(job, rows), values)
      return done?.held ? done.removed : null
    },
    async giveBack({ job, holder }, { dueAt, endedAt, removed }) {
      await database.query(statements.giveBack, [job, holder, dueAt, endedAt, removed])
    },
  }
}
