/** The outbox in Postgres. */
import { dayMs } from '@latchkey/clock'
import type { Database } from '@latchkey/prisma'
import type { RowsOver } from '@latchkey/prisma/cleanup'
import { countErrand, type Waiting } from '@latchkey/subgraph/backlog'
import { inTransaction, type Transaction } from '../transaction.prisma.ts'
import { pauseAfterMs } from './backoff.ts'
import type { DueMessage, OutboxStore } from './store.ts'

interface DueRow extends DueMessage {
  readonly id: bigint
  readonly attempts: number
  readonly createdAt: Date
}

// One that failed before waits for its next try, and has waited since it was made.
const readBacklog = {
  name: 'api_keys_outbox_backlog',
  text: `SELECT kind, count(*)::int AS count, 0 AS "givenUp",
           min(CASE attempts WHEN 0 THEN available_at ELSE created_at END) AS "oldestAt"
         FROM (SELECT kind, attempts, available_at, created_at FROM api_keys.outbox
               WHERE delivered_at IS NULL AND (available_at <= $1 OR attempts > 0) ORDER BY available_at LIMIT 10000) AS due
         GROUP BY kind`,
}

export const deliveredKeptMs = 7 * dayMs
export const deliveredOver: RowsOver = { table: 'api_keys.outbox', over: 'r.delivered_at < $1' }

export function prismaOutboxStore(database: Database): OutboxStore {
  return {
    deliver: ({ limit, now }, handle) =>
      inTransaction(database, async (transaction) => {
        const due = await lockDue(transaction, limit, now)
        const results = await Promise.allSettled(due.map(handle))
        for (const [at, row] of due.entries()) await settle(transaction, row, results[at], now)
        return due.length
      }),
    backlog: (now) => database.query<Waiting>(readBacklog, [now]),
  }
}

// What another process holds is skipped, not waited for.
const lockDue = (transaction: Transaction, limit: number, now: Date): Promise<DueRow[]> =>
  transaction.$queryRaw`SELECT id, kind, payload AS "sealedPayload", attempts, created_at AS "createdAt" FROM api_keys.outbox
    WHERE delivered_at IS NULL AND available_at <= ${now} ORDER BY available_at, id LIMIT ${limit} FOR UPDATE SKIP LOCKED`

async function settle(
  transaction: Transaction,
  { id, kind, attempts, createdAt }: DueRow,
  result: PromiseSettledResult<void> | undefined,
  now: Date,
): Promise<void> {
  const failed = result?.status === 'rejected'
  const data = failed
    ? { lastError: String(result.reason).slice(0, 500), availableAt: new Date(now.getTime() + pauseAfterMs(attempts)) }
    : { lastError: null, deliveredAt: now }
  if (!failed) countErrand({ outbox: 'api-keys', kind, changedAt: createdAt }, now)
  await transaction.apiKeysOutboxMessage.update({ where: { id }, data: { ...data, attempts: attempts + 1 } })
}
