/** Roles in Postgres. */
import type { Database } from '@latchkey/prisma'
import { consequencesJson, writeConsequences } from '../consequences/store.prisma.ts'
import type { RoleStore } from './store.ts'

const grantRole = {
  name: 'users_role_grant',
  text: `WITH granted AS (
           INSERT INTO users.role_grants (account_id, role, granted_at) VALUES ($1, $2, $3)
           ON CONFLICT DO NOTHING RETURNING account_id),
         moved AS (
           UPDATE users.accounts SET grants_epoch = grants_epoch + 1 WHERE id = (SELECT account_id FROM granted)),
         ${writeConsequences('$4', 'granted')}
         SELECT account_id FROM granted`,
}

export const prismaRoleStore = (database: Database): RoleStore => ({
  async grant({ accountId, role, at, consequences }) {
    const parameters = [accountId, role, at, consequencesJson(consequences)]
    return (await database.query(grantRole, parameters)).length === 1
  },
})
