/** The uses of keys in Postgres, written many at a time. */
import type { LoadUsesSpent } from '@latchkey/principal/key-budgets'
import type { Database } from '@latchkey/prisma'
import type { SpentByKey, UsesStore } from './store.ts'

const byKeys = {
  name: 'api_keys_uses_by_keys',
  text: `SELECT key_id AS "keyId", issue::float8 AS issue, period_ms::float8 AS "periodMs", spent::float8 AS spent
    FROM api_keys.key_uses WHERE key_id = ANY($1::text[])`,
}

// In the order of the keys, so that two who write the same ones wait for each other and never for ever.
const writeAll = {
  name: 'api_keys_uses_write',
  text: `INSERT INTO api_keys.key_uses AS kept (key_id, issue, period_ms, spent, written_at)
    SELECT told.*, $5::timestamptz FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[]) AS told(key_id, issue, period_ms, spent)
    ORDER BY told.key_id
    ON CONFLICT (key_id) DO UPDATE
      SET issue = excluded.issue, period_ms = excluded.period_ms, spent = excluded.spent, written_at = excluded.written_at
      WHERE (excluded.issue, excluded.period_ms, excluded.spent) > (kept.issue, kept.period_ms, kept.spent)`,
}

/** What is written down in a database: for budgets that have lost count. */
export const usesWrittenIn = (database: Database): LoadUsesSpent => prismaUsesStore(database).spentOf

export function prismaUsesStore(database: Pick<Database, 'batchedRead' | 'query'>): UsesStore {
  const read = database.batchedRead<string, SpentByKey>(byKeys, ({ keyId }) => keyId)
  return {
    async spentOf(keyId) {
      const [row] = await read(keyId)
      return row ? { issue: row.issue, periodMs: row.periodMs, spent: row.spent } : null
    },
    async write(those, at) {
      if (those.length === 0) return
      const column = <Name extends keyof SpentByKey>(name: Name) => those.map((each) => each[name])
      await database.query(writeAll, [column('keyId'), column('issue'), column('periodMs'), column('spent'), at])
    },
  }
}
