/** The administration of accounts in Postgres. */

import { type Database, taken } from '@latchkey/prisma'
import { auditJson, insertAuditRecord } from '../audit/store.prisma.ts'
import { consequencesJson, writeConsequences } from '../consequences/store.prisma.ts'
import { endSessions } from '../grants/end-sessions.prisma.ts'
import { macColumns } from '../identifiers/keyed-mac.ts'
import { insertIdentifiers } from '../identifiers/store.prisma.ts'
import { withdrawPassword } from '../passwords/withdrawal.prisma.ts'
import { anAdministratorIsLeft, holderIs, roleBookIs, rolesLock, writtenOf } from '../roles/store.prisma.ts'
import type { Written } from '../roles/store.ts'
import { rowJson } from '../sql.ts'
import type { KeptStanding } from './standing.ts'
import type { AdministeredAccount, AdministrationStore } from './store.ts'

const readAccounts = {
  name: 'users_administered_by_id',
  text: `SELECT a.id, a.status, a.suspended_at AS "suspendedAt", a.suspended_until AS "suspendedUntil",
                a.suspended_reason AS "suspendedReason", a.suspended_by AS "suspendedBy", a.deleted_at AS "deletedAt",
                a.erase_at AS "eraseAt", a.external_id AS "externalId", a.display_name AS "displayName",
                a.last_sign_in_at AS "lastSignInAt", a.version, k.sealed_key AS "sealedKey"
         FROM users.accounts a JOIN users.data_keys k ON k.account_id = a.id WHERE a.id = ANY($1::text[])`,
}

const standingColumns = 'status, suspended_at, suspended_until, suspended_reason, suspended_by, deleted_at, erase_at'

// A link that undoes a deletion of the person's own undoes nothing that an administrator did afterwards; and whoever asked for
// another address before the account was stopped does not get it when it goes on. The password of an account that was locked is
// known to whoever it was locked against: whatever an administrator makes of it, only a reset leads in.
const changeStanding = {
  name: 'users_account_standing',
  text: `WITH ${roleBookIs('$1')}, ${anAdministratorIsLeft('$2', '$3')},
         ${holderIs('$3', '$4')},
         changed AS (
           UPDATE users.accounts a
           SET (${standingColumns}) = (SELECT ${standingColumns} FROM jsonb_populate_record(NULL::users.accounts, $5::jsonb)),
               ${endSessions()}
           FROM holder, book, safe WHERE a.id = holder.id RETURNING a.id AS account_id),
         ${withdrawPassword('changed', 'locked')},
         void AS (
           UPDATE users.one_time_tokens t SET consumed_at = $7 FROM changed
           WHERE t.subject_id = changed.account_id AND t.purpose IN ('undo-deletion', 'change-email') AND t.consumed_at IS NULL),
         ${writeConsequences('$6', 'changed')}
         ${writtenOf('changed', 'book', 'holder')}`,
}

const changeDetails = {
  name: 'users_account_details',
  text: `WITH changed AS (
           UPDATE users.accounts SET display_name = $3, version = version + 1,
                  external_id = CASE $4 WHEN 'changes' THEN $5 ELSE external_id END,
                  admin_metadata = CASE $9 WHEN 'changes' THEN $10 ELSE admin_metadata END
           WHERE id = $1 AND version = $2 AND status <> 'deleted' RETURNING id AS account_id),
         gone AS (
           DELETE FROM users.identifiers i USING changed
           WHERE i.account_id = changed.account_id AND i.kind = 'external-id' AND $4 = 'changes'),
         added AS (${insertIdentifiers({ kind: 'external-id', keyIds: '$6', macs: '$7' }, 'changed')}),
         ${writeConsequences('$8', 'changed')}
         SELECT account_id FROM changed`,
}

const endSuspension = {
  name: 'users_suspension_end',
  text: `WITH ended AS (
           UPDATE users.accounts SET status = 'active', suspended_at = NULL, suspended_until = NULL, suspended_reason = NULL,
                  suspended_by = NULL, grants_epoch = grants_epoch + 1
           WHERE id = $1 AND status = 'suspended' AND suspended_until = $2 AND suspended_until <= $3 RETURNING id),
         record AS (${insertAuditRecord('$4', 'ended')})
         SELECT id FROM ended`,
}

const readOverdue = {
  name: 'users_suspensions_overdue',
  text: `SELECT id, suspended_until AS until FROM users.accounts
         WHERE status = 'suspended' AND suspended_until <= $1 ORDER BY suspended_until LIMIT $2`,
}

const standingRow = (standing: KeptStanding) =>
  rowJson({
    status: standing.status,
    suspended_at: standing.suspendedAt,
    suspended_until: standing.suspendedUntil,
    suspended_reason: standing.suspendedReason,
    suspended_by: standing.suspendedBy,
    deleted_at: standing.deletedAt,
    erase_at: standing.eraseAt,
  })

export function prismaAdministrationStore(database: Database): AdministrationStore {
  const accounts = database.batchedRead(readAccounts, ({ id }: AdministeredAccount) => id)
  return {
    byId: async (id) => (await accounts(id))[0] ?? null,
    async changeStanding({ stamp, administering, holder, standing, at, consequences }) {
      const values = [holder.id, holder.grantsEpoch, standingRow(standing), consequencesJson(consequences), at]
      const asked = [stamp, administering, ...values]
      const [row] = await database.queryAlone<{ written: Written }>(rolesLock, changeStanding, asked)
      return row?.written ?? 'stale'
    },
    async changeDetails({ id, version, displayName, externalId, external, adminMetadata, consequences }) {
      const index = macColumns(external === 'changes' ? (externalId?.indexes ?? []) : [])
      const metadata = [adminMetadata === undefined ? 'stays' : 'changes', adminMetadata ?? null]
      const named = [displayName, external, externalId?.sealed ?? null, ...index]
      const values = [...named, consequencesJson(consequences), ...metadata]
      const changed = await database.query(changeDetails, [id, version, ...values]).catch(taken)
      if (changed === 'taken') return 'taken'
      return changed.length === 1 ? 'done' : 'stale'
    },
    async endSuspension({ id, until, now, record }) {
      return (await database.query(endSuspension, [id, until, now, auditJson(record)])).length === 1
    },
    overdue: (now, max) => database.query<{ id: string; until: Date }>(readOverdue, [now, max]),
  }
}
