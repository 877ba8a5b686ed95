/** Accounts in Postgres. */
import type { Database } from '@latchkey/prisma'
import { auditJson, insertAuditRecord } from '../audit/store.prisma.ts'
import { consequencesJson, writeConsequences } from '../consequences/store.prisma.ts'
import { macColumns } from '../identifiers/keyed-mac.ts'
import { accountByIdentifier } from '../identifiers/store.prisma.ts'
import { insertRow, rowJson } from '../sql.ts'
import type { StoredAccount } from './account.ts'
import type { AccountStore, Registration } from './store.ts'

// A number is read faster than a date, and most who ask for an account do not ask when it was made.
const readAccounts = {
  name: 'users_accounts_by_id',
  text: `SELECT a.id, a.email, a.display_name AS "displayName", a.email_verified_at IS NOT NULL AS "emailVerified",
                round(date_part('epoch', a.created_at) * 1000) AS "createdAtMs", k.sealed_key AS "sealedKey"
         FROM users.accounts a JOIN users.data_keys k ON k.account_id = a.id
         WHERE a.id = ANY($1::text[])`,
}
const readRoles = {
  name: 'users_roles_by_account',
  text: `SELECT account_id AS "accountId", role FROM users.role_grants
         WHERE account_id = ANY($1::text[]) ORDER BY account_id, role`,
}
const readIdByEmail = {
  name: 'users_account_id_by_email',
  text: accountByIdentifier({ kind: 'email', keyIds: '$1', macs: '$2' }),
}

const registrationColumns = [
  'id',
  'personal',
  'email_index_key_id',
  'email_index',
  'password_hash',
  'pepper_id',
  'created_at',
  'expires_at',
]

// Every registration is one mail, so the rows of an address are the count of its mails. A flood of attempts adds no rows.
const insertRegistration = {
  name: 'users_registration_add',
  text: `WITH due AS (
           SELECT WHERE NOT EXISTS (
             SELECT FROM unnest($4::timestamptz[], $5::int[]) AS allowed (since, most)
             WHERE allowed.most <= (
               SELECT count(*) FROM users.registrations r
               WHERE r.email_index_key_id = $1::jsonb->>'email_index_key_id' AND r.email_index = $1::jsonb->>'email_index'
                 AND r.created_at > allowed.since))),
         withheld AS (SELECT WHERE NOT EXISTS (SELECT FROM due)),
         registration AS (
           ${insertRow({ table: 'users.registrations', columns: registrationColumns, parameter: '$1', onlyFor: 'due' })}),
         ${writeConsequences('$2', 'due')}
         ${insertAuditRecord('$3', 'withheld')}`,
}

const registrationRow = ({ id, personal, emailIndex, password, createdAt, expiresAt }: Registration) =>
  rowJson({
    id,
    personal,
    email_index_key_id: emailIndex.keyId,
    email_index: emailIndex.mac,
    password_hash: password.phc,
    pepper_id: password.pepperId,
    created_at: createdAt,
    expires_at: expiresAt,
  })

export function prismaAccountStore(database: Database): AccountStore {
  const accounts = database.batchedRead(readAccounts, ({ id }: StoredAccount) => id)
  const roles = database.batchedRead(readRoles, ({ accountId }: { accountId: string; role: string }) => accountId)
  return {
    byId: async (id) => (await accounts(id))[0] ?? null,
    rolesOf: async (id) => (await roles(id)).map(({ role }) => role),
    async idByEmail(indexes) {
      const [found] = await database.query<{ account_id: string }>(readIdByEmail, macColumns(indexes))
      return found?.account_id ?? null
    },
    async addRegistration({ registration, consequences, withheld, limits }) {
      const rows = [registrationRow(registration), consequencesJson(consequences), auditJson(withheld)]
      const allowed = [limits.map(({ since }) => since.toISOString()), limits.map(({ max }) => max)]
      await database.query(insertRegistration, [...rows, ...allowed])
    },
  }
}
