/** Peppers of keys in Postgres. */
import type { Database } from '@latchkey/prisma'
import { toKey, writeTrail } from '../keys/store.prisma.ts'
import { inTransaction } from '../transaction.prisma.ts'
import type { KeysOfPepper, PepperStore } from './store.ts'

export const prismaPepperStore = (database: Database): PepperStore => ({
  counts: (now) =>
    database.prisma.$queryRaw<KeysOfPepper[]>`
      SELECT pepper_id AS "pepperId", count(*)::int AS keys,
        (count(*) FILTER (WHERE revoked_at IS NULL AND expires_at > ${now}))::int AS lasting
      FROM api_keys.api_keys GROUP BY pepper_id ORDER BY pepper_id`,
  replaceMac: ({ key: { id, pepperId, secretMac }, ...next }, trail, announce) =>
    inTransaction(database, async (transaction) => {
      const [replaced] = await transaction.apiKey.updateManyAndReturn({
        where: { id, pepperId, secretMac: new Uint8Array(secretMac) },
        data: { pepperId: next.pepperId, secretMac: new Uint8Array(next.secretMac), version: { increment: 1 } },
      })
      if (!replaced) return null
      await writeTrail(transaction, trail)
      const key = toKey(replaced)
      await announce(key)
      return key
    }),
})
