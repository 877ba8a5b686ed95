/** Counting in Postgres: what says that a batch was counted is written in the transaction that counts it. */
import { dayMs } from '@latchkey/clock'
import type { UsageBatch } from '@latchkey/principal/key-usage'
import type { Database } from '@latchkey/prisma'
import type { RowsOver } from '@latchkey/prisma/cleanup'
import { inTransaction, type Transaction } from '../transaction.prisma.ts'
import { createDayMemory } from './day-memory.ts'
import { usageLock } from './forgetting.prisma.ts'
import type { CountingStore, Retention } from './store.ts'
import { type Count, type Grain, grains, type Tally } from './tally.ts'

/** So long it is known which batches were counted; one that comes later is too old. */
const batchesKeptMs = 7 * dayMs
/** A batch that is missing may be with somebody else for so long. */
const settledAfterMs = 120_000
const noticedWithinMs = 600_000

/** The first day of which anything is kept. */
const keptFrom = (now: Date, keptMs: number): Date => new Date(Math.floor((now.getTime() - keptMs) / dayMs) * dayMs)

export function prismaCountingStore(database: Database, retention: Retention): CountingStore {
  const operations = createDayMemory<string>()
  const coordinates = createDayMemory<string>()
  const kept: Readonly<Record<string, number>> = {
    ...{ usage_minutes: retention.minutes, usage_hours: retention.hours },
    ...{ usage_days: retention.days, usage_batches: batchesKeptMs },
  }

  return {
    async count(batches, now, tally) {
      const today = new Date(Math.floor(now.getTime() / dayMs) * dayMs)
      const [newOperations, newCoordinates] = [operations.on(today), coordinates.on(today)]
      const written = await inTransaction(database, async (transaction) => {
        // Whoever forgets an owner holds the same lock alone: what was counted before is taken away, and nothing is after.
        await transaction.$executeRaw`SELECT pg_advisory_xact_lock_shared(hashtextextended(${usageLock}, 0))`
        const fresh = await writeBatches(transaction, batches, now)
        if (fresh.length === 0) return null
        const sum = tally(await withoutForgotten(transaction, fresh))
        const operationsNow = newOperations.unknown([...sum.operations.keys()])
        const coordinatesNow = newCoordinates.unknown(pairsOf(sum))
        await writeOperations(transaction, sum, operationsNow, today)
        for (const grain of grains)
          await writeCounts(transaction, grain, sum.counts[grain], keptFrom(now, retention[grain]))
        await writeLastUses(transaction, sum)
        await writeCoordinates(transaction, coordinatesNow, today)
        return { operationsNow, coordinatesNow, fresh }
      })
      newOperations.keep(written?.operationsNow ?? [])
      newCoordinates.keep(written?.coordinatesNow ?? [])
      return { counted: (written?.fresh ?? []).reduce((sum, { uses }) => sum + uses.length, 0) }
    },

    async makeRoom(days, now) {
      for (const [table, keptMs] of Object.entries(kept)) {
        const statement = {
          name: 'api_keys_usage_partitions',
          text: 'SELECT api_keys.keep_usage_partitions($1, $2::date[], $3::date)',
        }
        await database.query(statement, [table, days.map(dateOf), dateOf(keptFrom(now, keptMs))])
      }
    },

    async noticeGaps(now) {
      const [from, to] = [settledAfterMs + noticedWithinMs, settledAfterMs].map((ms) => new Date(now.getTime() - ms))
      const values = [from, to, now, keptFrom(now, batchesKeptMs - dayMs)]
      const rows = await database.query<{ producer: string; lost: string }>(gaps, values)
      return rows.map(({ producer, lost }) => ({ producer, lost: Number(lost) }))
    },
  }
}

const dateOf = (day: Date): string => day.toISOString().slice(0, 10)

const notUsedSince = "r.last_used_on < ($1::timestamptz AT TIME ZONE 'UTC')::date"
export const usageOperationsOver: RowsOver = { table: 'api_keys.usage_operations', over: notUsedSince }
export const usageCoordinatesOver: RowsOver = { table: 'api_keys.usage_coordinates', over: notUsedSince }
/** A gap is told once, when it is noticed. */
export const usageGapsOver: RowsOver = { table: 'api_keys.usage_gaps', over: 'r.noticed_at < $1' }

// The one before it is asked for by name, so that a gap is seen however many others were counted meanwhile. Where the one before
// is too old to be known still, nothing can be said.
const gaps = {
  name: 'api_keys_usage_gaps',
  text: `INSERT INTO api_keys.usage_gaps (producer, sequence, lost, noticed_at)
    SELECT after.producer, after.sequence, after.before - coalesce(last.reached, 0), $3
    FROM api_keys.usage_batches AS after LEFT JOIN LATERAL (
      SELECT before + uses AS reached, sequence FROM api_keys.usage_batches AS known
      WHERE known.producer = after.producer AND known.sequence < after.sequence ORDER BY sequence DESC LIMIT 1) AS last ON true
    WHERE after.counted_at >= $1 AND after.counted_at < $2 AND after.previous_at >= $4
      AND coalesce(last.sequence, 0) <> after.sequence - 1
    ON CONFLICT DO NOTHING RETURNING producer, lost::text`,
}

/** Those that were not counted before. Whoever writes the same at the same time waits here. */
async function writeBatches(
  transaction: Transaction,
  batches: readonly UsageBatch[],
  now: Date,
): Promise<readonly UsageBatch[]> {
  const given = JSON.stringify(
    batches.map(({ producer, sequence, before, atMs, previousAtMs, uses }) => ({
      ...{ producer, sequence, before, at: momentOf(atMs), uses: uses.length },
      previous_at: previousAtMs === null ? null : momentOf(previousAtMs),
    })),
  )
  const written = await transaction.$queryRaw<{ producer: string; sequence: bigint }[]>`
    INSERT INTO api_keys.usage_batches (at, producer, sequence, before, uses, previous_at, counted_at)
    SELECT at, producer, sequence, before, uses, previous_at, ${now} FROM jsonb_to_recordset(${given}::jsonb)
      AS given(at timestamptz, producer text, sequence bigint, before bigint, uses int, previous_at timestamptz)
    ORDER BY producer, sequence ON CONFLICT DO NOTHING RETURNING producer, sequence`
  const fresh = new Set(written.map(({ producer, sequence }) => `${producer} ${sequence}`))
  // One of two that are the same batch.
  return batches.filter(({ producer, sequence }) => fresh.delete(`${producer} ${sequence}`))
}

/** Of keys that are not there, or whose owner was erased, nothing is counted. */
async function withoutForgotten(
  transaction: Transaction,
  batches: readonly UsageBatch[],
): Promise<readonly UsageBatch[]> {
  const used = [...new Set(batches.flatMap(({ uses }) => uses.map(({ keyId }) => keyId)))]
  const rows = await transaction.$queryRaw<{ id: string }[]>`
    SELECT id FROM api_keys.api_keys WHERE id = ANY(${used}::text[]) AND name <> ''`
  const known = new Set(rows.map(({ id }) => id))
  return batches.map((batch) => ({ ...batch, uses: batch.uses.filter(({ keyId }) => known.has(keyId)) }))
}

const momentOf = (ms: number): string => new Date(ms).toISOString()

/** In the order of the primary key: two who count at once wait for one another, and neither for ever. */
async function writeCounts(
  transaction: Transaction,
  grain: Grain,
  counts: readonly Count[],
  from: Date,
): Promise<void> {
  const rows = counts
    .filter(({ atMs }) => atMs >= from.getTime())
    .map(({ keyId, atMs, operationId, outcome, subgraphs, requests, latency }) => ({
      ...{ key_id: keyId, at: momentOf(atMs), operation_id: operationId, outcome, subgraphs, requests, latency },
    }))
  if (rows.length > 0) await transaction.$executeRawUnsafe(upserts[grain], JSON.stringify(rows))
}

const upsertInto = (table: string): string =>
  `INSERT INTO api_keys.${table} AS kept (key_id, at, operation_id, outcome, subgraphs, requests, latency)
    SELECT key_id, at, operation_id, outcome, subgraphs, requests, latency FROM jsonb_to_recordset($1::jsonb) AS given(
      key_id text, at timestamptz, operation_id text, outcome text, subgraphs text, requests bigint, latency int[])
    ORDER BY key_id, at, operation_id, outcome, subgraphs
    ON CONFLICT (key_id, at, operation_id, outcome, subgraphs) DO UPDATE
    SET requests = kept.requests + EXCLUDED.requests, latency = api_keys.add_counts(kept.latency, EXCLUDED.latency)`

const upserts: Readonly<Record<Grain, string>> = {
  minutes: upsertInto('usage_minutes'),
  hours: upsertInto('usage_hours'),
  days: upsertInto('usage_days'),
}

async function writeOperations(
  transaction: Transaction,
  { operations }: Tally,
  ids: readonly string[],
  today: Date,
): Promise<void> {
  if (ids.length === 0) return
  const given = JSON.stringify(ids.map((id) => ({ id, coordinates: operations.get(id) })))
  await transaction.$executeRaw`
    INSERT INTO api_keys.usage_operations AS kept (id, coordinates, last_used_on)
    SELECT id, coordinates, ${today}::date FROM jsonb_to_recordset(${given}::jsonb) AS given(id text, coordinates text[])
    ORDER BY id ON CONFLICT (id) DO UPDATE SET last_used_on = EXCLUDED.last_used_on
    WHERE kept.last_used_on < EXCLUDED.last_used_on`
}

/** A key in constant use is written once a minute. */
async function writeLastUses(transaction: Transaction, { lastUses }: Tally): Promise<void> {
  const given = JSON.stringify(
    lastUses.map(({ keyId, atMs, operationId }) => ({ key_id: keyId, at: momentOf(atMs), operation_id: operationId })),
  )
  await transaction.$executeRaw`
    INSERT INTO api_keys.last_uses AS kept (key_id, at, operation_id)
    SELECT key_id, at, operation_id FROM jsonb_to_recordset(${given}::jsonb)
      AS given(key_id text, at timestamptz, operation_id text)
    ORDER BY key_id ON CONFLICT (key_id) DO UPDATE SET at = EXCLUDED.at, operation_id = EXCLUDED.operation_id
    WHERE kept.at <= EXCLUDED.at - interval '60 seconds'`
}

/** Neither the id of a key nor a coordinate has a space in it. */
const pairsOf = ({ coordinates }: Tally): string[] =>
  [...coordinates].flatMap(([keyId, touched]) => [...touched].map((coordinate) => `${keyId} ${coordinate}`))

async function writeCoordinates(transaction: Transaction, pairs: readonly string[], today: Date): Promise<void> {
  if (pairs.length === 0) return
  await transaction.$executeRaw`
    INSERT INTO api_keys.usage_coordinates AS kept (key_id, coordinate, last_used_on)
    SELECT split_part(pair, ' ', 1), split_part(pair, ' ', 2), ${today}::date FROM unnest(${[...pairs]}::text[]) AS pair
    ORDER BY 1, 2 ON CONFLICT (key_id, coordinate) DO UPDATE SET last_used_on = EXCLUDED.last_used_on
    WHERE kept.last_used_on < EXCLUDED.last_used_on`
}
