/** Keys of other systems in Postgres. */
import type { Database } from '@latchkey/prisma'
import { toKey, toRow, writeTrail } from '../keys/store.prisma.ts'
import { inTransaction, type Transaction } from '../transaction.prisma.ts'
import { type ForeignFormat, foreignFormats } from './foreign-hash.ts'
import type { ForeignKey, ForeignKeyStore, ForeignRoom, NamedForeignKey } from './store.ts'

interface ForeignKeyRow extends Omit<ForeignKey, 'format'> {
  readonly format: string
}

const byLookups = {
  name: 'api_keys_foreign_by_lookups',
  text: `SELECT key_id AS "keyId", external_id AS "externalId", lookup, format, hash, secret_id AS "secretId", rehashed_at AS "rehashedAt"
    FROM api_keys.foreign_keys WHERE lookup = ANY($1::text[])`,
}
const secrets = {
  name: 'api_keys_foreign_secrets',
  text: 'SELECT id, sealed FROM api_keys.foreign_secrets ORDER BY id',
}

const formatOf = (text: string): ForeignFormat => foreignFormats.find((format) => format === text) ?? 'SHA256'

export const prismaForeignKeyStore = (database: Database): ForeignKeyStore => ({
  secrets: () => database.query(secrets, []),
  byLookups: async (lookups) =>
    (await database.query<ForeignKeyRow>(byLookups, [lookups])).map((row) => ({
      ...row,
      format: formatOf(row.format),
    })),
  rehash: ({ keyId, lookup, newLookup, secretMac, pepperId, lastFour, at }, trail, announce) =>
    inTransaction(database, async (transaction) => {
      // The key first, as everybody who changes one: whoever comes second waits here.
      await transaction.$queryRaw`SELECT 1 FROM api_keys.api_keys WHERE id = ${keyId} FOR UPDATE`
      const { count } = await transaction.foreignKey.updateMany({
        where: { keyId, lookup },
        data: { lookup: newLookup, hash: null, secretId: null, rehashedAt: at },
      })
      if (count === 0) return null
      const row = await transaction.apiKey.update({
        where: { id: keyId },
        data: { secretMac: new Uint8Array(secretMac), pepperId, lastFour, version: { increment: 1 } },
      })
      await writeTrail(transaction, trail)
      const key = toKey(row)
      await announce(key)
      return key
    }),
})

export const foreignRoom = (transaction: Transaction): ForeignRoom => ({
  named: (externalIds, lookups) =>
    transaction.$queryRaw<NamedForeignKey[]>`
      SELECT f.key_id AS "keyId", f.external_id AS "externalId", f.lookup, f.rehashed_at AS "rehashedAt", k.owner_id AS "ownerId"
      FROM api_keys.foreign_keys f JOIN api_keys.api_keys k ON k.id = f.key_id
      WHERE f.external_id = ANY(${[...externalIds]}::text[]) OR f.lookup = ANY(${[...lookups]}::text[])`,
  secretIds: async () => (await transaction.foreignSecret.findMany({ select: { id: true } })).map(({ id }) => id),
  async addForeign(keys, added) {
    if (keys.length === 0) return
    const addedAt = keys[0]?.key.createdAt ?? new Date(0)
    await transaction.foreignSecret.createMany({
      data: added.map((secret) => ({ ...secret, addedAt })),
      skipDuplicates: true,
    })
    await transaction.apiKey.createMany({ data: keys.map(({ key }) => toRow(key)) })
    await transaction.foreignKey.createMany({ data: keys.map(({ foreign }) => foreign) })
  },
})
