/** Service accounts in Postgres. */
import type { Database } from '@latchkey/prisma'
import { consequencesJson, writeConsequences } from '../consequences/store.prisma.ts'
import { roleBookIs, rolesLock } from '../roles/store.prisma.ts'
import { insertRow, rowJson } from '../sql.ts'
import { isPerson } from './people.prisma.ts'
import type { OpenedServiceAccount, ServiceAccountStore, StoredServiceAccount } from './store.ts'

const accountColumns = ['id', 'status', 'email', 'email_verified_at', 'display_name', 'created_at']

// It has no address to confirm and is not held up for that: it counts as confirmed from the start.
const openServiceAccount = {
  name: 'users_service_account_open',
  text: `WITH ${roleBookIs('$1')},
         opened AS (
           ${insertRow({ table: 'users.accounts', columns: accountColumns, parameter: '$2', onlyFor: 'book' })}
           RETURNING id AS account_id, created_at AS opened_at),
         data_key AS (
           INSERT INTO users.data_keys (account_id, sealed_key, created_at) SELECT account_id, $3, opened_at FROM opened),
         roles AS (
           INSERT INTO users.role_grants (account_id, role, granted_at)
           SELECT account_id, role, opened_at FROM opened, unnest($4::text[]) AS role),
         service AS (
           INSERT INTO users.service_accounts (account_id, description) SELECT account_id, $5 FROM opened),
         contacts AS (
           INSERT INTO users.service_account_contacts (account_id, person_id)
           SELECT account_id, person FROM opened, unnest($6::text[]) AS person),
         ${writeConsequences('$7', 'opened')}
         SELECT account_id FROM opened`,
}

const readServiceAccounts = {
  name: 'users_service_accounts_by_id',
  text: `SELECT s.account_id AS id, s.description, k.sealed_key AS "sealedKey",
                ARRAY(SELECT c.person_id FROM users.service_account_contacts c
                      WHERE c.account_id = s.account_id ORDER BY c.person_id) AS responsible
         FROM users.service_accounts s JOIN users.data_keys k ON k.account_id = s.account_id
         WHERE s.account_id = ANY($1::text[])`,
}

const readActivePeople = {
  name: 'users_active_people',
  text: `SELECT a.id FROM users.accounts a WHERE a.id = ANY($1::text[]) AND a.status = 'active' AND ${isPerson('a')}`,
}

const updateServiceAccount = {
  name: 'users_service_account_update',
  text: `WITH changed AS (
           UPDATE users.accounts a SET display_name = coalesce($2::text, a.display_name), version = a.version + 1
           FROM users.service_accounts s WHERE a.id = $1 AND s.account_id = a.id AND a.status <> 'deleted'
           RETURNING a.id AS account_id),
         described AS (
           UPDATE users.service_accounts s SET description = $3 FROM changed
           WHERE s.account_id = changed.account_id AND $3::text IS NOT NULL),
         dropped AS (
           DELETE FROM users.service_account_contacts c USING changed
           WHERE c.account_id = changed.account_id AND c.person_id <> ALL($4::text[])),
         added AS (
           INSERT INTO users.service_account_contacts (account_id, person_id)
           SELECT account_id, person FROM changed, unnest($4::text[]) AS person ON CONFLICT DO NOTHING),
         ${writeConsequences('$5', 'changed')}
         SELECT account_id FROM changed`,
}

const accountRow = ({ id, email, displayName, openedAt }: OpenedServiceAccount) =>
  rowJson({
    ...{ id, email, status: 'active', display_name: displayName },
    ...{ created_at: openedAt, email_verified_at: openedAt },
  })

export function prismaServiceAccountStore(database: Database): ServiceAccountStore {
  const accounts = database.batchedRead(readServiceAccounts, ({ id }: StoredServiceAccount) => id)
  return {
    byId: async (id) => (await accounts(id))[0] ?? null,
    activePeople: async (ids) => (await database.query<{ id: string }>(readActivePeople, [ids])).map(({ id }) => id),
    async open({ stamp, account, consequences }) {
      const { sealedKey, roles, description, responsible } = account
      const rest = [sealedKey, roles, description, responsible, consequencesJson(consequences)]
      const opened = await database.queryAlone(rolesLock, openServiceAccount, [stamp, accountRow(account), ...rest])
      return opened.length === 1 ? 'opened' : 'stale'
    },
    async update({ id, displayName, description, responsible, consequences }) {
      const values = [id, displayName, description, responsible, consequencesJson(consequences)]
      return (await database.query(updateServiceAccount, values)).length === 1
    },
  }
}
