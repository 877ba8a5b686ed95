/** Keys in Postgres: reads as plain SQL shared between requests, changes as transactions with their trail. */
import type { Confinement } from '@latchkey/principal/confinement'
import type { Database, Prisma } from '@latchkey/prisma'
import { type InOwnersTurn, ownersIn } from '../owner-turns.ts'
import { inTransaction, type Transaction } from '../transaction.prisma.ts'
import { type ApiKey, isKeyId, isOwnerId, type KeyStatus, type ListedKey, liveKeysMax } from './key.ts'
import type { Metadata } from './metadata.ts'
import type { Reach } from './reach.ts'
import type { ApiKeyStore, KeyQuery } from './store.ts'
import type { Trail } from './trail.ts'

export type ApiKeyRow = Omit<ApiKey, 'environment' | 'metadata' | 'confinement'> & {
  readonly environment: string
  readonly metadata: unknown
  readonly confinement: unknown
}

/** A whole key, as `toKey` takes it. */
export const columns = `id, owner_id AS "ownerId", name, description, metadata, last_four AS "lastFour", secret_mac AS "secretMac", pepper_id AS "pepperId",
  scopes, confinement, environment, version, created_at AS "createdAt", expires_at AS "expiresAt",
  disabled_at AS "disabledAt", revoked_at AS "revokedAt", successor_id AS "successorId"`

const byIds = {
  name: 'api_keys_by_ids',
  text: `SELECT ${columns} FROM api_keys.api_keys WHERE id = ANY($1::text[])`,
}

const bySuccessors = {
  name: 'api_keys_by_successors',
  text: `SELECT ${columns} FROM api_keys.api_keys WHERE successor_id = ANY($1::text[])`,
}

interface ListedRow extends Pick<ListedKey, 'id' | 'ownerId' | 'name' | 'lastFour' | 'scopes'> {
  readonly environment: string
  readonly createdAtMs: number
  readonly expiresAtMs: number
}

// Both columns are ordered downwards so that the index is read backwards and the limit bounds the work. Numbers and JSON
// are read faster than dates and arrays, and this is asked often.
const lastingOfOwners = {
  name: 'api_keys_lasting_of_owners',
  text: `SELECT lasting.* FROM unnest($1::text[]) AS owner(id) CROSS JOIN LATERAL (
    SELECT id, owner_id AS "ownerId", name, last_four AS "lastFour", array_to_json(scopes) AS scopes, environment,
      round(date_part('epoch', created_at) * 1000) AS "createdAtMs",
      round(date_part('epoch', expires_at) * 1000) AS "expiresAtMs"
    FROM api_keys.api_keys WHERE owner_id = owner.id AND revoked_at IS NULL AND disabled_at IS NULL
    ORDER BY revoked_at DESC, expires_at DESC LIMIT ${liveKeysMax}) AS lasting`,
}

export function prismaApiKeyStore(database: Database, inOwnersTurn: InOwnersTurn): ApiKeyStore {
  const readByIds = database.batchedRead<string, ApiKeyRow>(byIds, ({ id }) => id)
  const readPredecessors = database.batchedRead<string, ApiKeyRow>(bySuccessors, ({ successorId }) => successorId ?? '')
  const readLasting = database.batchedRead<string, ListedRow>(lastingOfOwners, ({ ownerId }) => ownerId)

  return {
    async byId(id) {
      const [row] = isKeyId(id) ? await readByIds(id) : []
      return row ? toKey(row) : null
    },
    async predecessorOf(id) {
      const [row] = await readPredecessors(id)
      return row ? toKey(row) : null
    },
    lastingOf: async (ownerId) => (isOwnerId(ownerId) ? (await readLasting(ownerId)).map(toListedKey) : []),
    async page(query) {
      if (!mayHaveKeys(query.reach)) return []
      const { name, text, values } = pageStatement(query)
      return (await database.query<ApiKeyRow>({ name, text }, values)).map(toKey)
    },
    add: (key, trail, { liveMax }) =>
      inOwnersTurn({ ownerId: key.ownerId, by: trail.audit.actorId }, () =>
        inTransaction(database, async (transaction) => {
          // As whoever takes back what they made: nothing is made behind their back.
          for (const concerned of ownersIn({ ownerId: key.ownerId, by: trail.audit.actorId }))
            await lockOwner(transaction, concerned)
          const owner = await ownerOf(transaction, key)
          if (owner.forgotten) return 'forgotten'
          if (owner.live >= liveMax) return 'full'
          await transaction.apiKey.create({ data: toRow(key) })
          await writeTrail(transaction, trail)
          return 'added'
        }),
      ),
    async revoke({ id, reach, at, reason }, trail, announce) {
      if (!isKeyId(id) || !mayHaveKeys(reach)) return null
      return inTransaction(database, async (transaction) => {
        const within = { id, ...(reach.of === 'owner' && { ownerId: reach.ownerId }) }
        // The row stays locked until the end: whoever comes second waits here, then finds it revoked.
        const [ended] = await transaction.apiKey.updateManyAndReturn({
          where: { ...within, revokedAt: null },
          data: { revokedAt: at, revokedReason: reason, version: { increment: 1 } },
        })
        if (ended) await writeTrail(transaction, trail)
        const row = ended ?? (await transaction.apiKey.findFirst({ where: within }))
        if (!row) return null
        const key = toKey(row)
        await announce(key)
        return key
      })
    },
  }
}

export const mayHaveKeys = (reach: Reach): boolean => reach.of === 'everyone' || isOwnerId(reach.ownerId)

/** One at a time for each owner, until the transaction ends: a count alone lets two pass at once. */
export const lockOwner = (transaction: Transaction, ownerId: string): Promise<number> =>
  transaction.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`api_keys owner ${ownerId}`}, 0))`

/** How many live keys the owner of a new one has, and whether they were forgotten. */
async function ownerOf(transaction: Transaction, { ownerId, createdAt }: ApiKey) {
  const [owner] = await transaction.$queryRaw<{ live: number; forgotten: boolean }[]>`SELECT
    (SELECT count(*)::int FROM api_keys.api_keys
     WHERE owner_id = ${ownerId} AND revoked_at IS NULL AND expires_at > ${createdAt}) AS live,
    EXISTS (SELECT FROM api_keys.forgotten_owners WHERE owner_id = ${ownerId}) AS forgotten`
  if (!owner) throw new Error('a statement without FROM has a row')
  return owner
}

export async function writeTrail(transaction: Transaction, { audit, message }: Trail): Promise<void> {
  const { kind, sealedPayload, createdAt } = message
  await writeAudit(transaction, audit)
  await transaction.apiKeysOutboxMessage.create({ data: { kind, sealedPayload, createdAt, availableAt: createdAt } })
}

export async function writeAudit(
  transaction: Pick<Transaction, 'apiKeysAuditRecord'>,
  audit: Trail['audit'],
): Promise<void> {
  await transaction.apiKeysAuditRecord.create({ data: { ...audit, detail: toJson(audit.detail) } })
}

// Prisma's JSON type wants arrays that may be changed.
const toJson = (detail: Trail['audit']['detail']): Prisma.InputJsonObject => detail as Prisma.InputJsonObject

const conditions: Record<KeyStatus, string> = {
  ACTIVE: 'revoked_at IS NULL AND disabled_at IS NULL AND expires_at >',
  DISABLED: 'revoked_at IS NULL AND disabled_at IS NOT NULL AND expires_at >',
  EXPIRED: 'revoked_at IS NULL AND expires_at <=',
  REVOKED: 'revoked_at <=',
}

/** One statement for each shape of the question, so that each is planned for its own index. */
function pageStatement({ reach, status, stale, after, now, limit }: KeyQuery) {
  const values: unknown[] = [limit]
  const bind = (value: unknown) => `$${values.push(value)}`
  const where = [
    ...(reach.of === 'owner' ? [`owner_id = ${bind(reach.ownerId)}`] : []),
    ...(status ? [`${conditions[status]} ${bind(now)}`] : []),
    ...(stale === null
      ? []
      : [`${stale ? '' : 'NOT '}EXISTS (SELECT FROM api_keys.stale_access s WHERE s.key_id = id)`]),
    ...(after ? [`(created_at, id) < (${bind(after.at)}, ${bind(after.id)})`] : []),
  ]
  const text = `SELECT ${columns} FROM api_keys.api_keys ${where.length > 0 ? `WHERE ${where.join(' AND ')}` : ''}
    ORDER BY created_at DESC, id DESC LIMIT $1`
  return {
    name: `api_keys_page_${reach.of}_${status ?? 'any'}_${stale ?? 'any'}_${after ? 'after' : 'first'}`,
    text,
    values,
  }
}

const environmentOf = (environment: string) => (environment === 'live' ? 'live' : 'test')

export const toKey = ({ environment, metadata, confinement, ...row }: ApiKeyRow): ApiKey => ({
  ...row,
  metadata: metadata as Metadata, // only `parseMetadata` makes what is kept here
  confinement: confinement as Confinement, // and `readConfinement` this
  environment: environmentOf(environment),
})

const toListedKey = (row: ListedRow): ListedKey => ({
  id: row.id,
  ownerId: row.ownerId,
  name: row.name,
  lastFour: row.lastFour,
  scopes: row.scopes,
  environment: environmentOf(row.environment),
  createdAt: new Date(row.createdAtMs),
  expiresAt: new Date(row.expiresAtMs),
  disabledAt: null,
  revokedAt: null,
})

export const toRow = (key: ApiKey) => ({
  ...key,
  metadata: key.metadata as Prisma.InputJsonObject, // Prisma's type wants an object that may be changed
  secretMac: new Uint8Array(key.secretMac),
  scopes: [...key.scopes],
  confinement: key.confinement as Prisma.InputJsonObject,
})
