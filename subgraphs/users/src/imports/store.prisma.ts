/** Imports and exports in Postgres. */
import type { Database } from '@latchkey/prisma'
import { consequencesJson, writeConsequences } from '../consequences/store.prisma.ts'
import { macColumns } from '../identifiers/keyed-mac.ts'
import { roleBookIs, rolesLock } from '../roles/store.prisma.ts'
import { isPerson } from '../service-accounts/people.prisma.ts'
import type { ExportedAccount, ImportStore, KnownAccount, NamedAccount } from './store.ts'

const readNamed = {
  name: 'users_import_named',
  text: `SELECT i.kind, i.mac, i.account_id AS "accountId" FROM users.identifiers i
         WHERE (i.kind, i.key_id, i.mac) IN (
           SELECT 'email', * FROM unnest($1::text[], $2::text[])
           UNION ALL SELECT 'external-id', * FROM unnest($3::text[], $4::text[]))`,
}
const rolesOf = `ARRAY(SELECT r.role FROM users.role_grants r WHERE r.account_id = a.id ORDER BY r.role)`
const readKnown = {
  name: 'users_import_known',
  text: `SELECT a.id, a.status, a.display_name AS "displayName", k.sealed_key AS "sealedKey", ${rolesOf} AS roles
         FROM users.accounts a JOIN users.data_keys k ON k.account_id = a.id WHERE a.id = ANY($1::text[])`,
}
const updateImported = {
  name: 'users_import_update',
  text: `WITH ${roleBookIs('$1')},
         changed AS (
           UPDATE users.accounts SET display_name = $3, version = version + 1,
                  grants_epoch = grants_epoch + least(cardinality($4::text[]), 1)
           FROM book WHERE id = $2 AND status <> 'deleted' RETURNING id AS account_id),
         roles AS (
           INSERT INTO users.role_grants (account_id, role, granted_at)
           SELECT account_id, role, $5 FROM changed, unnest($4::text[]) AS role ON CONFLICT DO NOTHING),
         ${writeConsequences('$6', 'changed')}
         SELECT account_id FROM changed`,
}
const readExported = {
  name: 'users_export',
  text: `SELECT a.id, a.email, a.email_verified_at IS NOT NULL AS "emailVerified", a.display_name AS "displayName",
                a.external_id AS "externalId", k.sealed_key AS "sealedKey", ${rolesOf} AS roles,
                a.created_at AS "createdAt", p.hash AS "foreignHash"
         FROM users.accounts a JOIN users.data_keys k ON k.account_id = a.id
         LEFT JOIN users.passwords p ON p.account_id = a.id AND p.pepper_id IS NULL
         WHERE a.id > $1 AND a.status = 'active' AND ${isPerson('a')} ORDER BY a.id LIMIT $2`,
}

export const prismaImportStore = (database: Database): ImportStore => ({
  named: (emails, externalIds) =>
    database.query<NamedAccount>(readNamed, [...macColumns(emails), ...macColumns(externalIds)]),
  known: (accountIds) => database.query<KnownAccount>(readKnown, [accountIds]),
  async update({ stamp, accountId, displayName, addedRoles, at, consequences }) {
    const values = [stamp, accountId, displayName, addedRoles, at, consequencesJson(consequences)]
    return (await database.queryAlone(rolesLock, updateImported, values)).length === 1
  },
  exported: ({ after, max }) => database.query<ExportedAccount>(readExported, [after, max]),
})
