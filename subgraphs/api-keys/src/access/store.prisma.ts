/** Stale access lists in Postgres. */
import type { AccessList } from '@latchkey/principal/access-list'
import type { Database } from '@latchkey/prisma'
import { isKeyId } from '../keys/key.ts'
import { writeAudit } from '../keys/store.prisma.ts'
import { inTransaction } from '../transaction.prisma.ts'
import type { AccessStore, ListedAccess } from './store.ts'

interface Row extends Omit<ListedAccess, 'access'> {
  readonly access: unknown
}

const works = `k.revoked_at IS NULL AND k.expires_at >`

const select = `SELECT k.id AS "keyId", k.version, k.confinement->'access' AS access, s.missing
  FROM api_keys.api_keys k LEFT JOIN api_keys.stale_access s ON s.key_id = k.id`

const page = {
  name: 'api_keys_access_page',
  text: `${select} WHERE k.confinement ? 'access' AND ${works} $1 AND k.id > $2 ORDER BY k.id LIMIT $3`,
}
const single = {
  name: 'api_keys_access_of_one',
  text: `${select} WHERE k.confinement ? 'access' AND ${works} $1 AND k.id = $2`,
}

// Only `readAccess` makes what is kept there.
const toListed = ({ access, ...row }: Row): ListedAccess => ({ ...row, access: access as AccessList })

export const prismaAccessStore = (database: Database): AccessStore => ({
  listed: async ({ after, now, limit }) => (await database.query<Row>(page, [now, after, limit])).map(toListed),
  async one(keyId, now) {
    const [row] = isKeyId(keyId) ? await database.query<Row>(single, [now, keyId]) : []
    return row ? toListed(row) : null
  },
  note: ({ keyId, version, missing, at }, audit) =>
    inTransaction(database, async (transaction) => {
      // Of many who judge the same at once, one writes: the others find what it wrote.
      const noted = await transaction.$executeRaw`INSERT INTO api_keys.stale_access AS s (key_id, since, missing)
        SELECT id, ${at}, ${missing} FROM api_keys.api_keys WHERE id = ${keyId} AND version = ${version}
        ON CONFLICT (key_id) DO UPDATE SET missing = EXCLUDED.missing, since = EXCLUDED.since
        WHERE s.missing IS DISTINCT FROM EXCLUDED.missing`
      if (noted === 0) return 'known'
      await writeAudit(transaction, audit)
      return 'noted'
    }),
  async clear(keyIds) {
    await database.prisma.staleAccess.deleteMany({ where: { keyId: { in: [...keyIds] } } })
  },
  async clearEnded(now) {
    await database.prisma.$executeRaw`DELETE FROM api_keys.stale_access s USING api_keys.api_keys k
      WHERE k.id = s.key_id AND NOT (k.revoked_at IS NULL AND k.expires_at > ${now})`
  },
})
