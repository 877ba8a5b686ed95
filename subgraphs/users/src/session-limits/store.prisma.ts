/** The limits of the roles that an account holds, by itself or by way of others. */
import type { Database } from '@latchkey/prisma'
import { type SessionLimit, strictest } from './session-limit.ts'

const readLimits = {
  name: 'users_session_limits',
  text: `WITH RECURSIVE held (role) AS (
           SELECT g.role FROM users.role_grants g WHERE g.account_id = $1 UNION
           SELECT i.included FROM held JOIN users.role_inclusions i ON i.role = held.role)
         SELECT r.session_max AS max, r.session_excess AS "onExcess" FROM held JOIN users.roles r ON r.name = held.role
         WHERE r.deleted_at IS NULL AND r.session_max IS NOT NULL`,
}

/** What an account may have; `null`: none of its roles says. */
export type SessionLimits = (accountId: string) => Promise<SessionLimit | null>

export const prismaSessionLimits =
  (database: Database): SessionLimits =>
  async (accountId) =>
    strictest(await database.query<SessionLimit>(readLimits, [accountId]))
