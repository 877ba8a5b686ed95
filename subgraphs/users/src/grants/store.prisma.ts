/** Grants in Postgres. */
import type { Database } from '@latchkey/prisma'
import type { GrantsStore, StoredGrants } from './store.ts'

// One statement: an epoch read in another moment than the roles would let an old role outlive its end.
const readGrants = {
  name: 'users_grants_by_account',
  text: `SELECT a.id, a.grants_epoch AS epoch, a.status = 'active' AS active,
                a.session_epoch AS "sessionEpoch", a.session_kept AS "sessionKept",
                ARRAY(SELECT r.role FROM users.role_grants r WHERE r.account_id = a.id ORDER BY r.role) AS roles,
                (EXISTS (SELECT FROM users.totp_factors t WHERE t.account_id = a.id AND t.confirmed_at IS NOT NULL)
                 OR EXISTS (SELECT FROM users.passkeys p WHERE p.account_id = a.id)) AS "hasSecondFactor",
                (SELECT coalesce(json_agg(json_build_object(
                   'role', g.role, 'grantedAtMs', round(date_part('epoch', g.granted_at) * 1000),
                   'graceDays', d.second_factor_grace_days)), '[]')
                 FROM users.role_grants g JOIN users.roles d ON d.name = g.role
                 WHERE g.account_id = a.id AND d.second_factor_grace_days IS NOT NULL) AS demands
         FROM users.accounts a WHERE a.id = ANY($1::text[])`,
}

export function prismaGrantsStore(database: Database): GrantsStore {
  const read = database.batchedRead(readGrants, ({ id }: StoredGrants & { id: string }) => id)
  return { byUser: async (userId) => (await read(userId))[0] ?? null }
}
