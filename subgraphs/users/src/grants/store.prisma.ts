/** Grants in Postgres. */
import type { Database } from '@latchkey/prisma'
import type { GrantsStore, StoredGrants } from './store.ts'

// One statement: an epoch read in another moment than the roles would let an old role outlive its end.
const readGrants = {
  name: 'users_grants_by_account',
  text: `SELECT a.id, a.grants_epoch AS epoch, a.status = 'active' AS active,
                a.session_epoch AS "sessionEpoch", a.session_kept AS "sessionKept",
                ARRAY(SELECT r.role FROM users.role_grants r WHERE r.account_id = a.id ORDER BY r.role) AS roles
         FROM users.accounts a WHERE a.id = ANY($1::text[])`,
}

export function prismaGrantsStore(database: Database): GrantsStore {
  const read = database.batchedRead(readGrants, ({ id }: StoredGrants & { id: string }) => id)
  return { byUser: async (userId) => (await read(userId))[0] ?? null }
}
