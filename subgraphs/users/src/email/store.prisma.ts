/** The confirmation of addresses in Postgres. */
import { type Database, isDuplicate } from '@latchkey/prisma'
import { auditJson, insertAuditRecord } from '../audit/store.prisma.ts'
import { macColumns } from '../identifiers/keyed-mac.ts'
import { accountByIdentifier, insertIdentifiers } from '../identifiers/store.prisma.ts'
import { insertRow, rowJson } from '../sql.ts'
import type { NewAccount, PendingRegistration, VerificationStore } from './store.ts'

const readPending = {
  name: 'users_registration_by_token',
  text: `SELECT t.id AS "tokenId", r.id AS "registrationId", r.personal
         FROM users.one_time_tokens t
         JOIN unnest($1::text[], $2::text[]) AS shown (key_id, mac) ON t.mac_key_id = shown.key_id AND t.mac = shown.mac
         JOIN users.registrations r ON r.id = t.subject_id
          AND r.email_index_key_id = t.email_index_key_id AND r.email_index = t.email_index
         WHERE t.purpose = $3 AND t.consumed_at IS NULL AND t.expires_at > $4`,
}

const accountColumns = ['id', 'status', 'email', 'email_verified_at', 'display_name', 'created_at']

const address = { kind: 'email', keyIds: '$7', macs: '$8' } as const

// What was written to the address before belongs to the account from here on, and is erased with it.
// The identifier's key decides between two tokens of one address; the row lock on the token between two uses of one token.
const openAccount = {
  name: 'users_account_open',
  text: `WITH consumed AS (
           UPDATE users.one_time_tokens SET consumed_at = $3
           WHERE id = $1 AND purpose = $2 AND consumed_at IS NULL AND expires_at > $3
           RETURNING subject_id),
         free AS (
           SELECT r.password_hash, r.pepper_id, r.created_at AS registered_at
           FROM consumed JOIN users.registrations r ON r.id = consumed.subject_id
           WHERE NOT EXISTS (${accountByIdentifier(address)})),
         opened AS (
           ${insertRow({ table: 'users.accounts', columns: accountColumns, parameter: '$4', onlyFor: 'free' })}
           RETURNING id AS account_id, created_at AS opened_at),
         identifier AS (${insertIdentifiers(address, 'opened')}),
         data_key AS (
           INSERT INTO users.data_keys (account_id, sealed_key, created_at) SELECT account_id, $5, opened_at FROM opened),
         role AS (
           INSERT INTO users.role_grants (account_id, role, granted_at) SELECT account_id, $6, opened_at FROM opened),
         password AS (
           INSERT INTO users.passwords (account_id, hash, pepper_id, changed_at)
           SELECT account_id, password_hash, pepper_id, registered_at FROM opened, free),
         record AS (${insertAuditRecord('$9', 'opened')}),
         forgotten AS (
           DELETE FROM users.registrations r USING opened, unnest($7::text[], $8::text[]) AS asked (key_id, value)
           WHERE r.email_index_key_id = asked.key_id AND r.email_index = asked.value RETURNING r.id),
         handed_over AS (
           UPDATE users.outbox o SET subject_id = opened.account_id FROM opened, forgotten f WHERE o.subject_id = f.id)
         SELECT account_id FROM opened`,
}

const forgetRegistrations = {
  name: 'users_registrations_forget',
  text: 'DELETE FROM users.registrations WHERE expires_at <= $1',
}
const forgetTokens = { name: 'users_tokens_forget', text: 'DELETE FROM users.one_time_tokens WHERE expires_at <= $1' }

const accountRow = ({ id, email, displayName, openedAt }: NewAccount) =>
  rowJson({
    id,
    status: 'active',
    email,
    email_verified_at: openedAt,
    display_name: displayName,
    created_at: openedAt,
  })

/** Of two statements at the same moment neither sees the other: the later one fails, whole. */
function none(error: unknown): [] {
  if (isDuplicate(error)) return []
  throw error
}

export const prismaVerificationStore = (database: Database): VerificationStore => ({
  async pending(macs, purpose, now) {
    const [found] = await database.query<PendingRegistration>(readPending, [...macColumns(macs), purpose, now])
    return found ?? null
  },
  async open({ tokenId, purpose, account, everyIndex, record }) {
    const [keyIds, values] = macColumns(everyIndex)
    const { sealedKey, role, openedAt } = account
    const row = accountRow(account)
    const parameters = [tokenId, purpose, openedAt, row, sealedKey, role, keyIds, values, auditJson(record)]
    const opened = await database.query(openAccount, parameters).catch(none)
    return opened.length === 1
  },
  async forgetExpired(before) {
    await database.query(forgetRegistrations, [before])
    await database.query(forgetTokens, [before])
  },
})
