/** Unlocking in Postgres: what must be known of it should Redis forget. */
import type { Database } from '@latchkey/prisma'
import type { RowsOver } from '@latchkey/prisma/cleanup'
import { entryValues, insertRecord } from '../ledger/record.prisma.ts'
import type { Traces, UnlockStore } from './store.ts'

const traces = (where: string, name: string) => ({
  name: `sessions_unlock_traces_${name}`,
  text: `WITH made AS (
      SELECT DISTINCT user_id, identifier_index, device_id FROM sessions.sign_in_attempts WHERE ${where} AND at > $2)
    SELECT coalesce(array_agg(DISTINCT identifier_index) FILTER (WHERE identifier_index <> ''), '{}') AS identifiers,
      coalesce(array_agg(DISTINCT user_id) FILTER (WHERE user_id IS NOT NULL), '{}') AS "userIds",
      coalesce(array_agg(DISTINCT device_id) FILTER (WHERE device_id IS NOT NULL), '{}') AS "deviceIds" FROM made`,
})

const ofUser = traces('user_id = $1', 'user')
const ofIdentifier = traces('identifier_index = ANY($1::text[])', 'identifier')

const forgive = {
  name: 'sessions_unlock_forgive',
  text: `WITH forgiven AS (
      INSERT INTO sessions.sign_in_unlocks (subject, at) SELECT unnest($6::text[]), $2::timestamptz
      ON CONFLICT (subject) DO UPDATE SET at = EXCLUDED.at),
    asked AS (SELECT $7::text AS target)
    ${insertRecord(`'sign-in.unlock'`, 'target', 'asked')}`,
}

export const unlockingsOver: RowsOver = { table: 'sessions.sign_in_unlocks', over: 'r.at < $1' }

const none: Traces = { identifiers: [], userIds: [], deviceIds: [] }

export const prismaUnlockStore = (database: Pick<Database, 'query'>): UnlockStore => ({
  async traces(of, since) {
    const [found] =
      'userId' in of
        ? await database.query<Traces>(ofUser, [of.userId, since])
        : await database.query<Traces>(ofIdentifier, [of.indexes, since])
    return found ?? none
  },
  async forgive(subjects, target, entry) {
    await database.query(forgive, [...entryValues(entry), [...new Set(subjects)], target])
  },
})
