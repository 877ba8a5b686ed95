/** The outbox in Postgres. */
import type { Database } from '@latchkey/prisma'
import { inTransaction, type Transaction } from '../transaction.prisma.ts'
import { pauseAfterMs } from './backoff.ts'
import type { DueMessage, OutboxStore } from './store.ts'

interface DueRow extends DueMessage {
  readonly id: bigint
  readonly attempts: number
}

export function prismaOutboxStore(database: Database): OutboxStore {
  return {
    deliver: ({ limit, now }, handle) =>
      inTransaction(database, async (transaction) => {
        const due = await lockDue(transaction, limit, now)
        const results = await Promise.allSettled(due.map(handle))
        for (const [at, row] of due.entries()) await settle(transaction, row, results[at], now)
        return due.length
      }),
  }
}

// What another process holds is skipped, not waited for.
const lockDue = (transaction: Transaction, limit: number, now: Date): Promise<DueRow[]> =>
  transaction.$queryRaw`SELECT id, kind, payload AS "sealedPayload", attempts FROM api_keys.outbox
    WHERE delivered_at IS NULL AND available_at <= ${now} ORDER BY available_at, id LIMIT ${limit} FOR UPDATE SKIP LOCKED`

async function settle(
  transaction: Transaction,
  { id, attempts }: DueRow,
  result: PromiseSettledResult<void> | undefined,
  now: Date,
): Promise<void> {
  const failed = result?.status === 'rejected'
  const data = failed
    ? { lastError: String(result.reason).slice(0, 500), availableAt: new Date(now.getTime() + pauseAfterMs(attempts)) }
    : { lastError: null, deliveredAt: now }
  await transaction.apiKeysOutboxMessage.update({ where: { id }, data: { ...data, attempts: attempts + 1 } })
}
