/** Owners in Postgres: their keys, shown whole or forgotten. */
import type { Database } from '@latchkey/prisma'
import { importLock } from '../imports/store.prisma.ts'
import { isOwnerId } from '../keys/key.ts'
import { lockOwner } from '../keys/store.prisma.ts'
import type { InOwnersTurn } from '../owner-turns.ts'
import { inTransaction } from '../transaction.prisma.ts'
import { deleteTraces, lockUsage } from '../usage/forgetting.prisma.ts'
import type { OwnedKey, OwnedUse, OwnerStore } from './store.ts'

const keysOfOwner = {
  name: 'api_keys_privacy_keys',
  text: `SELECT id, name, description, metadata, last_four AS "lastFour", scopes, confinement, environment, created_at AS "createdAt",
      expires_at AS "expiresAt", disabled_at AS "disabledAt", successor_id AS "successorId", revoked_at AS "revokedAt", revoked_reason AS "revokedReason"
    FROM api_keys.api_keys WHERE owner_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2`,
}

const usesOfOwner = {
  name: 'api_keys_privacy_uses',
  text: `SELECT key_id AS "keyId", to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day, operation_id AS operation, outcome,
      sum(requests)::float8 AS requests
    FROM api_keys.usage_days WHERE key_id IN (SELECT id FROM api_keys.api_keys WHERE owner_id = $1)
    GROUP BY key_id, at, operation_id, outcome ORDER BY at DESC, key_id, operation_id, outcome LIMIT $2`,
}

export const prismaOwnerStore = (database: Database, inOwnersTurn: InOwnersTurn): OwnerStore => ({
  keysOf: async (ownerId, max) => (isOwnerId(ownerId) ? database.query<OwnedKey>(keysOfOwner, [ownerId, max]) : []),
  usesOf: async (ownerId, max) => (isOwnerId(ownerId) ? database.query<OwnedUse>(usesOfOwner, [ownerId, max]) : []),
  async forget({ recordId, at, ownerId, actorId, requestId }) {
    if (!isOwnerId(ownerId)) return { forgotten: 0, keyIds: [] }
    const forgetting = () =>
      inTransaction(database, async (transaction) => {
        // An import that is under way brings in nothing of theirs behind our back: it ends first.
        await transaction.$executeRaw`SELECT pg_advisory_xact_lock_shared(hashtextextended(${importLock}, 0))`
        // Whoever adds or rotates a key holds the same lock: it is made before this and forgotten here, or refused after it.
        await lockOwner(transaction, ownerId)
        await transaction.$executeRaw`INSERT INTO api_keys.forgotten_owners (owner_id, forgotten_at)
        VALUES (${ownerId}, ${at}) ON CONFLICT DO NOTHING`
        // A row stays, for the records name it; a name that is empty is the sign that nothing else of it was left.
        const forgotten = await transaction.$executeRaw`UPDATE api_keys.api_keys
        SET name = '', description = '', metadata = '{}', confinement = '{}', revoked_reason = NULL, revoked_at = coalesce(revoked_at, ${at}), version = version + 1
        WHERE owner_id = ${ownerId} AND
          (name <> '' OR description <> '' OR metadata <> '{}' OR confinement <> '{}' OR revoked_reason IS NOT NULL OR revoked_at IS NULL)`
        await lockUsage(transaction)
        // What the other system called it, and what it kept of it.
        await transaction.$executeRaw`UPDATE api_keys.foreign_keys f
        SET external_id = key_id, lookup = 'forgotten:' || key_id, hash = NULL, secret_id = NULL
        FROM api_keys.api_keys k WHERE k.id = f.key_id AND k.owner_id = ${ownerId}`
        const actor = { actorKind: 'service', actorId, requestId }
        const record = { id: recordId, at, ...actor, action: 'owner.forget', target: ownerId, outcome: 'done' }
        if (forgotten > 0) await transaction.apiKeysAuditRecord.create({ data: record })
        const keys = await transaction.apiKey.findMany({ where: { ownerId }, select: { id: true } })
        return { forgotten, keyIds: keys.map(({ id }) => id) }
      })
    const forgotten = await inOwnersTurn({ ownerId }, forgetting)
    await deleteTraces(database, forgotten.keyIds)
    return forgotten
  },
})
