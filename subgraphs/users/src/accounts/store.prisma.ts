/** Accounts in Postgres. */
import { type Database, taken } from '@latchkey/prisma'
import { allowancesJson, countedMail, countMail } from '../allowances/store.prisma.ts'
import type { CountedMail } from '../allowances/store.ts'
import { auditJson, insertAuditRecord } from '../audit/store.prisma.ts'
import { consequencesJson, writeConsequences } from '../consequences/store.prisma.ts'
import { macColumns } from '../identifiers/keyed-mac.ts'
import { accountByIdentifier, insertIdentifiers } from '../identifiers/store.prisma.ts'
import { insertRow, rowJson } from '../sql.ts'
import type { StoredAccount } from './account.ts'
import { openAccountFrom, openingRow } from './opening.prisma.ts'
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

const password = `$1::jsonb->>'password_hash' AS password_hash, $1::jsonb->>'pepper_id' AS pepper_id`
const address = { kind: 'email', keyIds: '$8', macs: '$9' } as const

const addedRegistration = `${countMail('$4')},
  registration AS (
    ${insertRow({ table: 'users.registrations', columns: registrationColumns, parameter: '$1', onlyFor: 'due' })}),
  ${writeConsequences('$2', 'due')},
  withheld_record AS (${insertAuditRecord('$3', 'withheld')})`

const insertRegistration = {
  name: 'users_registration_add',
  text: `WITH ${addedRegistration} ${countedMail('$4')}`,
}

// Where accounts open before their address is confirmed: the same, and the account unless the address has one.
const openRegistered = {
  name: 'users_registration_open',
  text: `WITH ${addedRegistration},
         vacant AS (
           SELECT ${password}, ($1::jsonb->>'created_at')::timestamptz AS registered_at FROM due
           WHERE NOT EXISTS (${accountByIdentifier(address)})),
         ${openAccountFrom('vacant', { account: '$5', sealedKey: '$6', role: '$7' })},
         identifier AS (${insertIdentifiers(address, 'opened')}),
         opened_record AS (${insertAuditRecord('$10', 'opened')})
         ${countedMail('$4')}`,
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
    async addRegistration({ registration, consequences, withheld, allowances, opening }) {
      const rows = [registrationRow(registration), consequencesJson(consequences), auditJson(withheld)]
      const parameters = [...rows, allowancesJson(allowances)]
      if (opening) {
        const opened = [...openingRow(opening.account), ...macColumns(opening.everyIndex), auditJson(opening.record)]
        return counted(database.query<CountedMail>(openRegistered, [...parameters, ...opened])).catch(taken)
      }
      return counted(database.query<CountedMail>(insertRegistration, parameters))
    },
  }
}

async function counted(asked: Promise<readonly CountedMail[]>): Promise<CountedMail> {
  const [found] = await asked
  return found ?? { admitted: false, sentAt: [] }
}
