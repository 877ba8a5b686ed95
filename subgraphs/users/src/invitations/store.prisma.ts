/** Accounts that somebody else opens, in Postgres. */
import { type Database, taken } from '@latchkey/prisma'
import { consequencesJson, writeConsequences } from '../consequences/store.prisma.ts'
import { macColumns } from '../identifiers/keyed-mac.ts'
import { accountByIdentifier, insertIdentifiers } from '../identifiers/store.prisma.ts'
import { roleBookIs, rolesLock } from '../roles/store.prisma.ts'
import { insertRow, rowJson } from '../sql.ts'
import type { InvitationStore, Invited, OpenedAccount } from './store.ts'

const accountColumns = ['id', 'status', 'email', 'email_verified_at', 'display_name', 'external_id', 'created_at']

// The identifiers' key decides between two openings of one address: the later one fails, whole.
const openAccount = {
  name: 'users_account_open_for',
  text: `WITH ${roleBookIs('$1')},
         opened AS (
           ${insertRow({ table: 'users.accounts', columns: accountColumns, parameter: '$2', onlyFor: 'book' })}
           RETURNING id AS account_id),
         emails AS (${insertIdentifiers({ kind: 'email', keyIds: '$3', macs: '$4' }, 'opened')}),
         externals AS (${insertIdentifiers({ kind: 'external-id', keyIds: '$5', macs: '$6' }, 'opened')}),
         data_key AS (
           INSERT INTO users.data_keys (account_id, sealed_key, created_at) SELECT account_id, $7, $8 FROM opened),
         roles AS (
           INSERT INTO users.role_grants (account_id, role, granted_at)
           SELECT account_id, role, $8 FROM opened, unnest($9::text[]) AS role),
         password AS (
           INSERT INTO users.passwords (account_id, hash, changed_at)
           SELECT account_id, $10::text, $8 FROM opened WHERE $10::text IS NOT NULL),
         ${writeConsequences('$11', 'opened')}
         SELECT account_id FROM opened`,
}

const isOpen = `a.email_verified_at IS NULL AND NOT EXISTS (SELECT FROM users.passwords p WHERE p.account_id = a.id)`

const readInvited = {
  name: 'users_invited',
  text: `SELECT CASE WHEN a.status <> 'active' THEN 'inactive' WHEN ${isOpen} THEN 'open' ELSE 'accepted' END AS state
         FROM users.accounts a WHERE a.id = $1`,
}
const resendInvitation = {
  name: 'users_invitation_resend',
  text: `WITH invited AS (
           SELECT a.id AS account_id FROM users.accounts a WHERE a.id = $1 AND a.status = 'active' AND ${isOpen} FOR UPDATE),
         due AS (
           SELECT account_id FROM invited
           WHERE (SELECT count(*) FROM users.one_time_tokens t
                  WHERE t.subject_id = $1 AND t.purpose = 'invitation' AND t.created_at > $2) < $3::int),
         void AS (
           UPDATE users.one_time_tokens t SET consumed_at = $4 FROM due
           WHERE t.subject_id = due.account_id AND t.purpose = 'invitation' AND t.consumed_at IS NULL),
         ${writeConsequences('$5', 'due')}
         SELECT account_id FROM due`,
}
const readIdByExternalId = {
  name: 'users_account_id_by_external_id',
  text: accountByIdentifier({ kind: 'external-id', keyIds: '$1', macs: '$2' }),
}

const accountRow = ({ id, email, emailVerifiedAt, displayName, externalId, createdAt }: OpenedAccount) =>
  rowJson({
    id,
    status: 'active',
    email,
    email_verified_at: emailVerifiedAt,
    display_name: displayName,
    external_id: externalId?.sealed ?? null,
    created_at: createdAt,
  })

export const prismaInvitationStore = (database: Database): InvitationStore => ({
  async open({ stamp, account, consequences }) {
    const { sealedKey, openedAt, roles, foreignHash, emailIndexes, externalId } = account
    const indexes = [...macColumns(emailIndexes), ...macColumns(externalId?.indexes ?? [])]
    const rest = [sealedKey, openedAt, roles, foreignHash, consequencesJson(consequences)]
    const values = [stamp, accountRow(account), ...indexes, ...rest]
    // The role of everyone is given to everyone; any other is given while no role changes.
    const writing =
      roles.length > 1 ? database.queryAlone(rolesLock, openAccount, values) : database.query(openAccount, values)
    const opened = await writing.catch(taken)
    if (opened === 'taken') return 'taken'
    return opened.length === 1 ? 'opened' : 'stale'
  },
  async invited(accountId) {
    return (await database.query<Invited>(readInvited, [accountId]))[0] ?? null
  },
  async resend({ accountId, since, max, now, consequences }) {
    const values = [accountId, since, max, now, consequencesJson(consequences)]
    return (await database.query(resendInvitation, values)).length === 1
  },
  async idByExternalId(indexes) {
    const [found] = await database.query<{ account_id: string }>(readIdByExternalId, macColumns(indexes))
    return found?.account_id ?? null
  },
})
