/** What keys whose owner is forgotten have left in Postgres: their uses, and what was noted of them beside. */
import type { Database } from '@latchkey/prisma'
import type { Transaction } from '../transaction.prisma.ts'

/** Everybody who counts shares it; whoever forgets has it alone. */
export const usageLock = 'api_keys usage'

/** In the transaction that forgets: when it ends, whatever was being counted is there, and nothing of its keys is counted later. */
export async function lockUsage(transaction: Transaction): Promise<void> {
  await transaction.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${usageLock}, 0))`
}

/** Behind that transaction, some at a time, for there may be millions. Doing it again takes away what was left. */
export async function deleteTraces(database: Database, keyIds: readonly string[]): Promise<void> {
  for (const statement of statements) {
    for (;;) {
      const [row] = await database.query<{ gone: number }>(statement, [keyIds])
      if (!row || row.gone === 0) break
    }
  }
}

const timesAtOnce = 2_000

const deletion = (table: string, which: string) => ({
  name: `api_keys_forget_${table}`,
  text: `WITH gone AS (DELETE FROM api_keys.${table} WHERE ${which} RETURNING 1) SELECT count(*)::int AS gone FROM gone`,
})

const statements = [
  ...['usage_minutes', 'usage_hours', 'usage_days'].map((table) =>
    deletion(
      table,
      `(key_id, at) IN (SELECT key_id, at FROM api_keys.${table} WHERE key_id = ANY($1::text[]) LIMIT ${timesAtOnce})`,
    ),
  ),
  ...['usage_coordinates', 'last_uses', 'key_uses', 'key_notices', 'stale_access'].map((table) =>
    deletion(table, 'key_id = ANY($1::text[])'),
  ),
]
