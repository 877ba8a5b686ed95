/** Roles in Postgres. */
import type { Database } from '@latchkey/prisma'
import { auditRow, insertAuditRecord } from '../audit/store.prisma.ts'
import { insertOutboxMessage, outboxRow } from '../outbox/store.prisma.ts'
import type { RoleStore } from './store.ts'

const grantRole = {
  name: 'users_role_grant',
  text: `WITH granted AS (
           INSERT INTO users.role_grants (account_id, role, granted_at) VALUES ($1, $2, $3)
           ON CONFLICT DO NOTHING RETURNING account_id),
         moved AS (
           UPDATE users.accounts SET grants_epoch = grants_epoch + 1 WHERE id = (SELECT account_id FROM granted)),
         message AS (${insertOutboxMessage('$4', 'granted')}),
         record AS (${insertAuditRecord('$5', 'granted')})
         SELECT account_id FROM granted`,
}

export const prismaRoleStore = (database: Database): RoleStore => ({
  async grant({ accountId, role, at, message, record }) {
    const parameters = [accountId, role, at, outboxRow(message), auditRow(record)]
    return (await database.query(grantRole, parameters)).length === 1
  },
})
