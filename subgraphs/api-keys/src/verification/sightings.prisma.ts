/** Sightings of keys in Postgres: beside what is counted at the gateway. */
import type { Database } from '@latchkey/prisma'
import { inTransaction } from '../transaction.prisma.ts'
import { usageLock } from '../usage/forgetting.prisma.ts'
import type { SightingStore } from './sightings.ts'

export const prismaSightingStore = (database: Database): SightingStore => ({
  note: (keyId, at) =>
    inTransaction(database, async (transaction) => {
      // As everybody who counts: whoever forgets an owner finds it, or it finds a key that has no name any more.
      await transaction.$executeRaw`SELECT pg_advisory_xact_lock_shared(hashtextextended(${usageLock}, 0))`
      await transaction.$executeRaw`
        INSERT INTO api_keys.last_uses AS kept (key_id, at, operation_id)
        SELECT id, ${at}, '' FROM api_keys.api_keys WHERE id = ${keyId} AND name <> ''
        ON CONFLICT (key_id) DO UPDATE SET at = EXCLUDED.at, operation_id = EXCLUDED.operation_id
        WHERE kept.at <= EXCLUDED.at - interval '60 seconds'`
    }),
})
