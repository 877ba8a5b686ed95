/** Keys that match, in Postgres. */
import type { Database } from '@latchkey/prisma'
import { type ApiKeyRow, columns, mayHaveKeys, toKey } from '../keys/store.prisma.ts'
import { shapeOf, whereMatching } from './matching.prisma.ts'
import type { MatchingStore } from './store.ts'

export const prismaMatchingStore = (database: Database): MatchingStore => ({
  async matching(asked, limit) {
    if (!mayHaveKeys(asked.reach)) return []
    const values: unknown[] = [limit]
    const where = whereMatching(asked, (value) => `$${values.push(value)}`)
    const text = `SELECT ${columns} FROM api_keys.api_keys WHERE ${where} ORDER BY created_at, id LIMIT $1`
    return (await database.query<ApiKeyRow>({ name: `api_keys_matching_${shapeOf(asked)}`, text }, values)).map(toKey)
  },
  async count(asked, max) {
    if (!mayHaveKeys(asked.reach)) return 0
    const values: unknown[] = [max]
    const where = whereMatching(asked, (value) => `$${values.push(value)}`)
    const text = `SELECT count(*)::int AS keys FROM (SELECT FROM api_keys.api_keys WHERE ${where} LIMIT $1) AS matching`
    const [row] = await database.query<{ keys: number }>({ name: `api_keys_counted_${shapeOf(asked)}`, text }, values)
    return row?.keys ?? 0
  },
})
