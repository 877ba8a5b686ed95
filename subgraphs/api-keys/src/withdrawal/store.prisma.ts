/** Keys that are taken back, in Postgres. */
import { type Database, Prisma } from '@latchkey/prisma'
import { isOwnerId } from '../keys/key.ts'
import { lockOwner, toKey, writeTrail } from '../keys/store.prisma.ts'
import type { InOwnersTurn } from '../owner-turns.ts'
import { inTransaction, type Transaction } from '../transaction.prisma.ts'
import type { WithdrawalStore, WithdrawalTerms } from './store.ts'

/** What whoever had hold of the account may have done with a key that was there before. */
const doubtful = ['api-key.enabled', 'api-key.updated', 'api-key.fields-accepted']

/** With what they came to know the text of a key, also of one that is not theirs. */
const shown = ['api-key.created', 'api-key.imported']

/** An administrator has hold of keys that belong to others: what they did with them is on record. */
const handled = ({ ownerId, since }: WithdrawalTerms, actions: readonly string[]) => Prisma.sql`SELECT r.target
  FROM api_keys.audit_records r WHERE r.actor_id = ${ownerId} AND r.actor_kind = 'user' AND r.at >= ${since} AND r.action = ANY(${[...actions]})`

/** Keys of others that were made, or rotated, by them since. */
async function madeSince(transaction: Transaction, terms: WithdrawalTerms): Promise<string[]> {
  const made = await transaction.$queryRaw<{ id: string }[]>`SELECT k.id FROM api_keys.api_keys k
    WHERE k.owner_id <> ${terms.ownerId} AND k.created_at >= ${terms.since} AND k.id IN (${handled(terms, shown)})`
  return made.map(({ id }) => id)
}

/**
 * Older keys with which something was done since: theirs by anybody, and those of others by them. One of others that was set aside
 * for it once, and that somebody has looked at and taken up again, stays.
 */
async function touchedSince(transaction: Transaction, terms: WithdrawalTerms): Promise<string[]> {
  const { ownerId, since } = terms
  const touched = await transaction.$queryRaw<{ id: string }[]>`SELECT k.id FROM api_keys.api_keys k
    WHERE k.created_at < ${since} AND k.revoked_at IS NULL AND k.disabled_at IS NULL
      AND k.id IN (SELECT theirs.id FROM api_keys.api_keys theirs JOIN api_keys.audit_records r ON r.target = theirs.id
                   WHERE theirs.owner_id = ${ownerId} AND r.at >= ${since} AND r.action = ANY(${doubtful})
                   UNION ${handled(terms, doubtful)} AND NOT EXISTS (SELECT FROM api_keys.audit_records d
                     WHERE d.target = r.target AND d.at >= r.at AND d.actor_kind = 'service' AND d.action = 'api-key.disabled'))`
  return touched.map(({ id }) => id)
}

// From the records, so that an answer that was lost is the same when it is asked for again.
async function withdrawnSince(transaction: Transaction, terms: WithdrawalTerms): Promise<number> {
  const { ownerId, since } = terms
  const [counted] = await transaction.$queryRaw<{ keys: number }[]>`SELECT count(DISTINCT k.id)::int AS keys
    FROM api_keys.api_keys k JOIN api_keys.audit_records r ON r.target = k.id
    WHERE k.id IN (SELECT id FROM api_keys.api_keys WHERE owner_id = ${ownerId} UNION ${handled(terms, [...shown, ...doubtful])})
      AND r.at >= ${since} AND r.actor_kind = 'service' AND r.action IN ('api-key.revoked', 'api-key.disabled')`
  return counted?.keys ?? 0
}

export const prismaWithdrawalStore = (database: Database, inOwnersTurn: InOwnersTurn): WithdrawalStore => ({
  async withdraw(terms) {
    const { ownerId, since, at, trailOf, announce } = terms
    if (!isOwnerId(ownerId)) return 0
    const withdrawing = () =>
      inTransaction(database, async (transaction) => {
        // Whoever adds, changes or rotates a key of theirs holds the same lock, and they themselves when they do so for others.
        await lockOwner(transaction, ownerId)
        const revoked = await transaction.apiKey.updateManyAndReturn({
          where: {
            OR: [{ ownerId, createdAt: { gte: since } }, { id: { in: await madeSince(transaction, terms) } }],
            ...{ revokedAt: null, expiresAt: { gt: at } },
          },
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
    return inOwnersTurn({ ownerId }, withdrawing)
  },
})
