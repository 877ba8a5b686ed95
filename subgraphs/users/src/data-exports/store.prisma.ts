/** Data exports in Postgres. */
import type { Database } from '@latchkey/prisma'
import type { RowsOver } from '@latchkey/prisma/cleanup'
import { auditJson, insertAuditRecord } from '../audit/store.prisma.ts'
import { consequencesJson, writeConsequences } from '../consequences/store.prisma.ts'
import type { DataExport } from './data-export.ts'
import type { DataExportStore } from './store.ts'

const columns = `id, account_id AS "accountId", created_at AS "createdAt", ready_at AS "readyAt", expires_at AS "expiresAt"`

// One row for each account, so that of any number of requests at once one begins something.
const begin = {
  name: 'users_data_export_begin',
  text: `WITH begun AS (
           INSERT INTO users.data_exports AS kept (id, account_id, created_at, expires_at)
           SELECT $2, a.id, $3, $4 FROM users.accounts a WHERE a.id = $1 AND a.status = 'active'
           ON CONFLICT (account_id) DO UPDATE SET id = EXCLUDED.id, document = NULL, created_at = EXCLUDED.created_at,
             ready_at = NULL, expires_at = EXCLUDED.expires_at WHERE kept.expires_at <= EXCLUDED.created_at
           RETURNING id),
         ${writeConsequences('$5', 'begun')}
         SELECT id FROM begun`,
}
const ofAccount = {
  name: 'users_data_exports_of_account',
  text: `SELECT ${columns} FROM users.data_exports WHERE account_id = $1 AND expires_at > $2`,
}
const isWaiting = {
  name: 'users_data_export_waiting',
  text: 'SELECT id FROM users.data_exports WHERE id = $1 AND ready_at IS NULL AND expires_at > $2',
}
const prepared = {
  name: 'users_data_export_prepared',
  text: `WITH ready AS (
           UPDATE users.data_exports SET document = $3, ready_at = $4, expires_at = $5
           WHERE id = $1 AND account_id = $2 AND ready_at IS NULL RETURNING id),
         ${writeConsequences('$6', 'ready')}
         SELECT id FROM ready`,
}
const read = {
  name: 'users_data_export_read',
  text: `WITH shown AS (
           SELECT document FROM users.data_exports
           WHERE id = $1 AND account_id = $2 AND expires_at > $3 AND document IS NOT NULL),
         record AS (${insertAuditRecord('$4', 'shown')})
         SELECT document FROM shown`,
}
export const dataExportsOver: RowsOver = { table: 'users.data_exports', over: 'r.expires_at <= $1' }

export const prismaDataExportStore = (database: Database): DataExportStore => ({
  async begin({ export: { id, accountId, createdAt, expiresAt }, consequences }) {
    await database.query(begin, [accountId, id, createdAt, expiresAt, consequencesJson(consequences)])
    const [kept] = await database.query<DataExport>(ofAccount, [accountId, createdAt])
    return kept ?? null
  },
  of: (accountId, now) => database.query<DataExport>(ofAccount, [accountId, now]),
  isWaiting: async (exportId, now) => (await database.query(isWaiting, [exportId, now])).length === 1,
  async prepared({ exportId, accountId, document, readyAt, expiresAt, consequences }) {
    const parameters = [exportId, accountId, document, readyAt, expiresAt, consequencesJson(consequences)]
    return (await database.query(prepared, parameters)).length === 1
  },
  async read({ exportId, accountId, now, record }) {
    const [shown] = await database.query<{ document: string }>(read, [exportId, accountId, now, auditJson(record)])
    return shown?.document ?? null
  },
})
