/** Deletion in Postgres. */
import type { Database } from '@latchkey/prisma'
import { consequencesJson, writeConsequences } from '../consequences/store.prisma.ts'
import { voidEmailChanges } from '../email-change/voiding.prisma.ts'
import { macColumns } from '../identifiers/keyed-mac.ts'
import { consumeToken, peekToken } from '../one-time-tokens/store.prisma.ts'
import { rolesLock } from '../roles/store.prisma.ts'
import type { DeletionStore } from './store.ts'

// Alone among the changes of roles and standings, so that those who are seen here are those who are left.
const lastAdministrator = `
  administrators AS MATERIALIZED (
    SELECT a.id FROM users.accounts a
    WHERE a.status = 'active' AND a.email_verified_at IS NOT NULL AND EXISTS (
      SELECT FROM users.role_grants g WHERE g.account_id = a.id AND g.role = ANY($5::text[]))),
  last AS (SELECT count(*) = 1 AND coalesce(bool_or(id = $1), false) AS is_last FROM administrators)`

const deleteAccount = {
  name: 'users_account_delete',
  text: `WITH ${lastAdministrator},
         deleted AS (
           UPDATE users.accounts a
           SET status = 'deleted', deleted_at = $2, erase_at = $3, session_epoch = session_epoch + 1, session_kept = NULL,
               grants_epoch = grants_epoch + 1
           FROM last WHERE a.id = $1 AND a.status = 'active' AND NOT last.is_last RETURNING a.id AS account_id),
         ${voidEmailChanges({ of: 'deleted', column: 'account_id', at: '$2' })},
         ${writeConsequences('$4', 'deleted')}
         SELECT last.is_last AS "isLast", (SELECT count(*)::int FROM deleted) AS deleted FROM last`,
}

const shown = { keyIds: '$1', macs: '$2', purpose: '$3', now: '$4' } as const
const peek = { name: 'users_deletion_peek', text: peekToken(shown) }

const restoreAccount = {
  name: 'users_account_undelete',
  text: `WITH consumed AS (${consumeToken(shown)}),
         restored AS (
           UPDATE users.accounts a
           SET status = 'active', deleted_at = NULL, erase_at = NULL, grants_epoch = grants_epoch + 1
           FROM consumed
           WHERE a.id = consumed.subject_id AND a.status = 'deleted' AND a.erase_at > $4 AND a.erasing_since IS NULL
           RETURNING a.id AS account_id),
         ${writeConsequences('$5', 'restored')}
         SELECT account_id FROM restored`,
}

interface DeletedRow {
  readonly isLast: boolean
  readonly deleted: number
}

export const prismaDeletionStore = (database: Database): DeletionStore => ({
  async delete({ accountId, at, eraseAt, administering, consequences }) {
    const parameters = [accountId, at, eraseAt, consequencesJson(consequences), administering]
    const [found] = await database.queryAlone<DeletedRow>(rolesLock, deleteAccount, parameters)
    if (found?.isLast) return 'last administrator'
    return found?.deleted === 1 ? 'deleted' : 'not active'
  },
  async deletedAccount(macs, at) {
    const [found] = await database.query<{ subjectId: string }>(peek, [...macColumns(macs), 'undo-deletion', at])
    return found?.subjectId ?? null
  },
  async restore({ macs, at, consequences }) {
    const parameters = [...macColumns(macs), 'undo-deletion', at, consequencesJson(consequences)]
    return (await database.query(restoreAccount, parameters)).length === 1
  },
})
