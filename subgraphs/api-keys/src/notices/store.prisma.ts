/** Notices about keys in Postgres: a notice and its message are one transaction, and one process at a time writes them. */
import { dayMs } from '@latchkey/clock'
import type { Database } from '@latchkey/prisma'
import type { RowsOver } from '@latchkey/prisma/cleanup'
import { isKeyId } from '../keys/key.ts'
import { lastUsedAt } from '../keys/last-use.prisma.ts'
import { inTransaction, type Transaction } from '../transaction.prisma.ts'
import type { NoticeBatch, NoticeStore, ToldKey, UntoldKey } from './store.ts'

const runnerLock = 'api_keys notices'

/** Whoever comes second does not wait: the first does the same work. */
async function isRunner(transaction: Transaction): Promise<boolean> {
  const [row] = await transaction.$queryRaw<{ held: boolean }[]>`SELECT
    pg_try_advisory_xact_lock(hashtextextended(${runnerLock}, 0)) AS held`
  return row?.held === true
}

const endingKeys = `SELECT k.id, k.created_at AS "createdAt", k.expires_at AS "expiresAt", ${lastUsedAt('k')} AS "lastUsedAt",
    next.created_at AS "rotatedAt",
    ARRAY(SELECT n.kind FROM api_keys.key_notices n WHERE n.key_id = k.id AND n.expires_at = k.expires_at) AS told
  FROM api_keys.api_keys k LEFT JOIN api_keys.api_keys next ON next.id = k.successor_id
  WHERE k.expires_at <= $1 AND k.revoked_at IS NULL AND k.disabled_at IS NULL AND (k.expires_at, k.id) > ($2, $3)
  ORDER BY k.expires_at, k.id LIMIT $4`

// One that ends this very moment is read too, and nothing is said of it.
const readEnding = (transaction: Transaction, { now, horizon, limit, after }: NoticeBatch): Promise<UntoldKey[]> =>
  transaction.$queryRawUnsafe(endingKeys, horizon, after?.at ?? now, after?.id ?? '', limit)

const toldKey = {
  name: 'api_keys_notices_key',
  text: `SELECT k.id, k.owner_id AS "ownerId", k.name, k.last_four AS "lastFour", k.environment, k.created_at AS "createdAt",
      k.expires_at AS "expiresAt", ${lastUsedAt('k')} AS "lastUsedAt", next.created_at AS "rotatedAt"
    FROM api_keys.api_keys k LEFT JOIN api_keys.api_keys next ON next.id = k.successor_id
    WHERE k.id = $1 AND k.expires_at > $2 AND k.revoked_at IS NULL AND k.disabled_at IS NULL AND k.name <> ''`,
}

/** What was told of ends so long ago. */
export const noticesKeptMs = 30 * dayMs
export const noticesOver: RowsOver = { table: 'api_keys.key_notices', over: 'r.expires_at < $1' }

export const prismaNoticeStore = (database: Database): NoticeStore => ({
  write: (batch, decide) =>
    inTransaction(database, async (transaction) => {
      if (!(await isRunner(transaction))) return 'busy'
      const read = await readEnding(transaction, batch)
      const decided = read.flatMap((key) => decide(key) ?? [])
      const marked = await transaction.keyNotice.createManyAndReturn({
        data: decided.map(({ notice }) => ({ ...notice, writtenAt: batch.now })),
        skipDuplicates: true,
        select: { keyId: true },
      })
      const fresh = new Set(marked.map(({ keyId }) => keyId))
      const messages = decided.filter(({ notice }) => fresh.has(notice.keyId)).map(({ message }) => message)
      const data = messages.map((message) => ({ ...message, availableAt: message.createdAt }))
      await transaction.apiKeysOutboxMessage.createMany({ data })
      const written = messages.length
      return { read, written }
    }),
  async told(keyId, now) {
    const [row] = isKeyId(keyId) ? await database.query<ToldKey>(toldKey, [keyId, now]) : []
    return row ?? null
  },
})
