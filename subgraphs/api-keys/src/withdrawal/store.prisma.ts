/** Keys that are taken back, in Postgres. */
import type { Database } from '@latchkey/prisma'
import { isOwnerId } from '../keys/key.ts'
import { lockOwner, toKey, writeTrail } from '../keys/store.prisma.ts'
import { inTransaction, type Transaction } from '../transaction.prisma.ts'
import type { WithdrawalStore, WithdrawalTerms } from './store.ts'

/** What whoever had hold of the account may have done with a key that was there before. */
const doubtful = ['api-key.enabled', 'api-key.updated', 'api-key.fields-accepted']

/** Those of an owner's older keys with which something was done since. */
async function touchedSince(transaction: Transaction, { ownerId, since }: WithdrawalTerms): Promise<string[]> {
  const touched = await transaction.$queryRaw<{ id: string }[]>`SELECT k.id FROM api_keys.api_keys k
    WHERE k.owner_id = ${ownerId} AND k.created_at < ${since} AND k.revoked_at IS NULL AND k.disabled_at IS NULL
      AND EXISTS (SELECT FROM api_keys.audit_records r
                  WHERE r.target = k.id AND r.at >= ${since} AND r.action = ANY(${doubtful}))`
  return touched.map(({ id }) => id)
}

// From the records, so that an answer that was lost is the same when it is asked for again.
async function withdrawnSince(transaction: Transaction, { ownerId, since }: WithdrawalTerms): Promise<number> {
  const [counted] = await transaction.$queryRaw<{ keys: number }[]>`SELECT count(DISTINCT k.id)::int AS keys
    FROM api_keys.api_keys k JOIN api_keys.audit_records r ON r.target = k.id
    WHERE k.owner_id = ${ownerId} AND r.at >= ${since} AND r.actor_kind = 'service'
      AND r.action IN ('api-key.revoked', 'api-key.disabled')`
  return counted?.keys ?? 0
}

export const prismaWithdrawalStore = (database: Database): WithdrawalStore => ({
  async withdraw(terms) {
    const { ownerId, since, at, trailOf, announce } = terms
    if (!isOwnerId(ownerId)) return 0
    return inTransaction(database, async (transaction) => {
      // Whoever adds, changes or rotates a key of theirs holds the same lock.
      await lockOwner(transaction, ownerId)
      const revoked = await transaction.apiKey.updateManyAndReturn({
        where: { ownerId, createdAt: { gte: since }, revokedAt: null, expiresAt: { gt: at } },
        data: { revokedAt: at, version: { increment: 1 } },
      })
      const disabled = await transaction.apiKey.updateManyAndReturn({
        where: { id: { in: await touchedSince(transaction, terms) } },
        data: { disabledAt: at, version: { increment: 1 } },
      })
      const taken = [
        ...revoked.map((row) => ({ action: 'api-key.revoked', key: toKey(row) }) as const),
        ...disabled.map((row) => ({ action: 'api-key.disabled', key: toKey(row) }) as const),
      ]
      for (const { action, key } of taken) await writeTrail(transaction, trailOf(action, key))
      for (const { key } of taken) await announce(key)
      return withdrawnSince(transaction, terms)
    })
  },
})
