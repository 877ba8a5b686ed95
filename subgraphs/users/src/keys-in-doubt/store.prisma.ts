/** Keys in doubt in Postgres. */
import type { Database } from '@latchkey/prisma'
import { consequencesJson, writeConsequences } from '../consequences/store.prisma.ts'
import type { KeysInDoubt, KeysInDoubtStore } from './store.ts'

const read = {
  name: 'users_keys_in_doubt',
  text: `SELECT keys_doubted_since AS since, status = 'active' AS "isActive", grants_epoch AS "grantsEpoch"
         FROM users.accounts WHERE id = $1 AND keys_doubted_since IS NOT NULL`,
}

const settle = {
  name: 'users_keys_in_doubt_settle',
  text: `WITH settled AS (
           UPDATE users.accounts SET keys_doubted_since = NULL, grants_epoch = grants_epoch + 1
           WHERE id = $1 AND grants_epoch = $2 AND status = 'active' RETURNING id),
         ${writeConsequences('$3', 'settled')}
         SELECT id FROM settled`,
}

export const prismaKeysInDoubtStore = (database: Database): KeysInDoubtStore => ({
  of: async (accountId) => (await database.query<KeysInDoubt>(read, [accountId]))[0] ?? null,
  settle: async ({ accountId, grantsEpoch, consequences }) =>
    (await database.query(settle, [accountId, grantsEpoch, consequencesJson(consequences)])).length === 1,
})
