/** Cleaning up: what is over is removed in bounded batches, by one process at a time of all that share a database. */
import { type Clock, type Entropy, minuteMs, newId, secondMs } from '@latchkey/clock'
import type { Logger } from '@latchkey/telemetry'
import { countOf } from '@latchkey/telemetry/metrics'
import type { Database } from '../client.ts'
import { type CleanupSchema, createLeases, type Leased, type RowsOver } from './lease.ts'
import { createTurns } from './turns.ts'

export type { RowsOver } from './lease.ts'

/** Rows that are removed, so many at once, so long after they were over. */
export interface RowCleanup extends RowsOver {
  readonly keptMs?: number
  readonly everyMs: number
}

/** What no single statement does. Whoever does it may be cut off anywhere, and somebody else begins it again. */
export interface Chore {
  readonly everyMs: number
  /** Looks at the signal between its parts. How many it removed, when that can be counted. */
  run(ending: AbortSignal): Promise<number | undefined>
}

/** By the words for it: letters and hyphens, 30 at most. */
export type Cleanups = Readonly<Record<string, RowCleanup | Chore>>

export interface CleaningDependencies {
  readonly database: Pick<Database, 'query'>
  readonly schema: CleanupSchema
  readonly cleanups: Cleanups
  readonly clock: Clock
  readonly entropy: Entropy
  readonly logger: Logger
  /** Rows in one statement; a thousand unless set. */
  readonly batchRows?: number | undefined
  /** Who has given no sign for so long is followed by somebody else; half a minute unless set. */
  readonly leaseMs?: number
}

export interface Cleaning {
  /** Looks now and every ten seconds for what is due. */
  start(): void
  /** Resolves when nothing is being removed any more; what was begun is open to others at once. */
  close(): Promise<void>
  /** Does what is due and nobody else is at. Rejects with UNAVAILABLE. */
  clean(): Promise<void>
}

const done = countOf('latchkey_cleanups_total', 'Cleanups that were begun, by what became of them.', [
  'cleanup',
  'outcome',
])
const removals = countOf('latchkey_cleanup_rows_total', 'Rows that were removed because they were over.', ['cleanup'])

const batchRowsUsual = 1_000
const lookEveryMs = 10 * secondMs
const againAfterMs = minuteMs
const leaseUsualMs = 30 * secondMs

type Outcome = 'done' | 'cut' | 'lost' | 'failed'

/** Told of rows as soon as they are gone, whatever comes after them. */
type Gone = (rows: number) => void

export function createCleaning(dependencies: CleaningDependencies): Cleaning {
  const { cleanups, clock, entropy, logger, batchRows = batchRowsUsual, leaseMs = leaseUsualMs } = dependencies
  const leases = createLeases(dependencies.database, dependencies.schema, leaseMs)
  const jobs = Object.keys(cleanups)
  const holder = newId(entropy, 'cln')
  /** Two subgraphs may have a job of one name, and one of these must not hide that the other fails. */
  const nameOf = ({ job }: Leased) => `${dependencies.schema}.${job}`

  /** It rests for as long as each batch took: at most half of the time is the cleanup's. */
  async function removeRows(leased: Leased, rows: RowCleanup, ending: AbortSignal, gone: Gone): Promise<Outcome> {
    const before = new Date(clock.now().getTime() - (rows.keptMs ?? 0))
    while (!ending.aborted) {
      const startedMs = performance.now()
      const batch = await leases.removeBatch(leased, rows, before, batchRows)
      if (batch === null) return 'lost'
      gone(batch)
      if (batch < batchRows) return 'done'
      await turns.rest(performance.now() - startedMs)
    }
    return 'cut'
  }

  async function runChore(leased: Leased, { run }: Chore, ending: AbortSignal, gone: Gone): Promise<Outcome> {
    const lost = new AbortController()
    const renew = () =>
      leases.renew(leased).then(
        (state) => state === 'lost' && lost.abort(),
        () => {}, // The next one may come through, and else the lease ends by itself.
      )
    const renewing = setInterval(renew, leaseMs / 3).unref()
    try {
      gone((await run(AbortSignal.any([ending, lost.signal]))) ?? 0)
      if (lost.signal.aborted) return 'lost'
      return ending.aborted ? 'cut' : 'done'
    } finally {
      clearInterval(renewing)
    }
  }

  async function work(leased: Leased, cleanup: RowCleanup | Chore, ending: AbortSignal, gone: Gone): Promise<Outcome> {
    try {
      return await ('run' in cleanup
        ? runChore(leased, cleanup, ending, gone)
        : removeRows(leased, cleanup, ending, gone))
    } catch (err) {
      logger.warn({ err, job: leased.job }, 'a cleanup failed; it is tried again in a minute')
      return 'failed'
    }
  }

  async function begin(leased: Leased, cleanup: RowCleanup | Chore, ending: AbortSignal): Promise<void> {
    let removed = 0
    const outcome = await work(leased, cleanup, ending, (rows) => {
      removed += rows
      removals.add({ cleanup: nameOf(leased) }, rows)
    })
    done.add({ cleanup: nameOf(leased), outcome })
    if (removed > 0) logger.info({ job: leased.job, removed, outcome }, 'cleaned up')
    const now = clock.now()
    const pauseMs = { done: cleanup.everyMs, cut: 0, lost: 0, failed: againAfterMs }[outcome]
    const dueAt = new Date(now.getTime() + pauseMs)
    await leases.giveBack(leased, { dueAt, endedAt: outcome === 'done' ? now : null, removed })
  }

  async function clean(ending: AbortSignal): Promise<void> {
    while (!ending.aborted) {
      const leased = await leases.take(jobs, holder, clock.now())
      const cleanup = leased && cleanups[leased.job]
      if (!cleanup) return
      await begin(leased, cleanup, ending)
    }
  }

  const turns = createTurns({
    everyMs: lookEveryMs,
    first: () => leases.know(jobs, clock.now()),
    turn: clean,
    failed: (err) => logger.warn({ err }, 'it is not known what has to be cleaned up; it is asked again'),
  })
  return { start: turns.start, close: turns.close, clean: turns.now }
}
