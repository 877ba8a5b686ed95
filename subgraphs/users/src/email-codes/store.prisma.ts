/** Codes by mail in Postgres. */
import type { Database } from '@latchkey/prisma'
import type { RowsOver } from '@latchkey/prisma/cleanup'
import { allowancesJson, spendAllowance } from '../allowances/store.prisma.ts'
import { consequencesJson, writeConsequences } from '../consequences/store.prisma.ts'
import { macColumns } from '../identifiers/keyed-mac.ts'
import { mayProve, type UnconfirmedSince } from '../second-factors/may-prove.ts'
import type { EmailCodeStore } from './store.ts'

const add = {
  name: 'users_email_code_add',
  text: `WITH account AS (${mayProve('$1', '$8')} AND a.email_codes_enabled),
         due AS (${spendAllowance('$6', 'recipient', ['account'])}),
         added AS (
           INSERT INTO users.email_codes AS e (reference, account_id, mac_key_id, mac, expires_at)
           SELECT $2, account.account_id, $3, $4, $5::timestamptz FROM account, due
           ON CONFLICT (reference) DO UPDATE
             SET mac_key_id = excluded.mac_key_id, mac = excluded.mac, tries = 0, expires_at = excluded.expires_at
             WHERE e.account_id = excluded.account_id
           RETURNING account_id),
         older AS (
           DELETE FROM users.email_codes o USING added WHERE o.account_id = added.account_id AND o.reference <> $2),
         ${writeConsequences('$7', 'added')}
         SELECT account_id FROM added`,
}

// A code that was right ends at that moment: whoever waited for the row finds it over.
const use = {
  name: 'users_email_code_use',
  text: `WITH tried AS (
           UPDATE users.email_codes e
           SET tries = e.tries + 1,
               expires_at = CASE WHEN (e.mac_key_id, e.mac) IN (SELECT * FROM unnest($3::text[], $4::text[])) THEN $5
                                 ELSE e.expires_at END
           FROM (${mayProve('$1', '$7')}) account
           WHERE e.reference = $2 AND e.account_id = account.account_id AND e.expires_at > $5 AND e.tries < $6
           RETURNING account.session_epoch AS "sessionEpoch", e.expires_at = $5 AS right)
         SELECT "sessionEpoch" FROM tried WHERE tried.right`,
}

export const emailCodesOver: RowsOver = { table: 'users.email_codes', over: 'r.expires_at <= $1' }

export const prismaEmailCodeStore = (database: Database, unconfirmedSince: UnconfirmedSince): EmailCodeStore => ({
  async add({ accountId, reference, mac, expiresAt, allowances, consequences }) {
    const code = [accountId, reference, mac.keyId, mac.mac, expiresAt, allowancesJson(allowances)]
    return (await database.query(add, [...code, consequencesJson(consequences), unconfirmedSince()])).length === 1
  },
  async use({ accountId, reference, macs, at, max }) {
    const parameters = [accountId, reference, ...macColumns(macs), at, max, unconfirmedSince()]
    const [used] = await database.query<{ sessionEpoch: number }>(use, parameters)
    return used ?? null
  },
})
