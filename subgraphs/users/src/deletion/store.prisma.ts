/** Deletion in Postgres. */

import type { Database } from '@latchkey/prisma'
import { consequencesJson, writeConsequences } from '../consequences/store.prisma.ts'
import { voidEmailChanges } from '../email-change/voiding.prisma.ts'
import { endSessions } from '../grants/end-sessions.prisma.ts'
import { macColumns } from '../identifiers/keyed-mac.ts'
import { consumeToken, peekToken } from '../one-time-tokens/store.prisma.ts'
import { anAdministratorIsLeft, holderIs, roleBookIs, rolesLock, writtenOf } from '../roles/store.prisma.ts'
import type { Written } from '../roles/store.ts'
import type { DeletionStore } from './store.ts'

const deleteAccount = {
  name: 'users_account_delete',
  text: `WITH ${roleBookIs('$1')}, ${anAdministratorIsLeft('$2', '$3')}, ${holderIs('$3', '$4')},
         deleted AS (
           UPDATE users.accounts a
           SET status = 'deleted', deleted_at = $5, erase_at = $6, ${endSessions()}
           FROM holder, book, safe WHERE a.id = holder.id AND a.status = 'active' RETURNING a.id AS account_id),
         ${voidEmailChanges({ of: 'deleted', column: 'account_id', at: '$5' })},
         ${writeConsequences('$7', 'deleted')}
         ${writtenOf('deleted', 'book', 'holder')}`,
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

export const prismaDeletionStore = (database: Database): DeletionStore => ({
  async delete({ stamp, administering, holder, at, eraseAt, consequences }) {
    const values = [holder.id, holder.grantsEpoch, at, eraseAt, consequencesJson(consequences)]
    const asked = [stamp, administering, ...values]
    return (await database.queryAlone<{ written: Written }>(rolesLock, deleteAccount, asked))[0]?.written ?? 'stale'
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
