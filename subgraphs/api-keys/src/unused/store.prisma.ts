/** Unused keys in Postgres: none that was made since is looked at. */
import type { Database } from '@latchkey/prisma'
import { lastUsedAt } from '../keys/last-use.prisma.ts'
import { type ApiKeyRow, columns, mayHaveKeys, toKey } from '../keys/store.prisma.ts'
import { whereMatching } from '../mass-revocation/matching.prisma.ts'
import type { UnusedStore } from './store.ts'

interface UnusedRow extends ApiKeyRow {
  readonly lastUsedAt: Date | null
}

export const prismaUnusedStore = (database: Database): UnusedStore => ({
  async unused({ reach, since, now, after, limit }) {
    if (!mayHaveKeys(reach)) return []
    const values: unknown[] = [limit]
    const bind = (value: unknown) => `$${values.push(value)}`
    const matching = whereMatching({ reach, now, criteria: { unusedSince: since } }, bind)
    const where = after ? `${matching} AND (created_at, id) < (${bind(after.at)}, ${bind(after.id)})` : matching
    const text = `SELECT ${columns}, ${lastUsedAt('api_keys')} AS "lastUsedAt" FROM api_keys.api_keys WHERE ${where}
      ORDER BY created_at DESC, id DESC LIMIT $1`
    const name = `api_keys_unused_${reach.of}_${after ? 'after' : 'first'}`
    const rows = await database.query<UnusedRow>({ name, text }, values)
    return rows.map(({ lastUsedAt, ...row }) => ({ ...toKey(row), lastUsedAt }))
  },
})
