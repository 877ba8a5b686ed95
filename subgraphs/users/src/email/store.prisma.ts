/** The confirmation of addresses in Postgres. */
import { type Database, taken } from '@latchkey/prisma'
import type { RowsOver } from '@latchkey/prisma/cleanup'
import { openAccountFrom, openingRow } from '../accounts/opening.prisma.ts'
import { prismaAskForMail } from '../allowances/store.prisma.ts'
import { consequencesJson, writeConsequences } from '../consequences/store.prisma.ts'
import { macColumns } from '../identifiers/keyed-mac.ts'
import { codeTriesMax } from '../one-time-tokens/code.ts'
import type { Pending, PendingCode, VerificationStore } from './store.ts'
import { evictUnconfirmed, isNotConfirmedByAnyone, takeAddress } from './taking.prisma.ts'

// What a row `t` of the tokens confirms: of the subject one is there at least. An account counts while it has the address.
const whatItConfirms = `
  LEFT JOIN users.registrations r ON r.id = t.subject_id
   AND r.email_index_key_id = t.email_index_key_id AND r.email_index = t.email_index
  LEFT JOIN users.identifiers held ON held.kind = 'email' AND held.key_id = t.email_index_key_id AND held.mac = t.email_index
  LEFT JOIN users.accounts holder ON holder.id = held.account_id AND holder.email_verified_at IS NULL
  LEFT JOIN users.passwords p ON p.account_id = holder.id AND holder.id = t.subject_id
  WHERE (r.id IS NOT NULL OR holder.id = t.subject_id)`

const pendingColumns = `t.id AS "tokenId", t.subject_id AS "subjectId", r.personal,
  coalesce(holder.id = t.subject_id, false) AS "isOpen", 
  CASE WHEN holder.id = t.subject_id THEN p.hash ELSE r.password_hash END AS phc,
  CASE WHEN holder.id = t.subject_id THEN p.pepper_id ELSE r.pepper_id END AS "pepperId",
  CASE WHEN holder.id <> t.subject_id THEN holder.id END AS "squatterId"`

const readPending = {
  name: 'users_verification_by_token',
  text: `SELECT ${pendingColumns} FROM users.one_time_tokens t ${whatItConfirms}
           AND (t.mac_key_id, t.mac) IN (SELECT * FROM unnest($1::text[], $2::text[]))
           AND t.purpose = 'verify-email' AND t.consumed_at IS NULL AND t.expires_at > $3`,
}

// Locked in one order, so that two statements never wait for each other; each row is judged as it is once it is locked.
const tryCodes = {
  name: 'users_verification_by_code',
  text: `WITH asked AS (
           SELECT id FROM users.one_time_tokens
           WHERE (email_index_key_id, email_index) IN (SELECT * FROM unnest($1::text[], $2::text[]))
             AND purpose = 'verify-email' AND consumed_at IS NULL AND expires_at > $3
             AND code_mac IS NOT NULL AND created_at > $4 AND code_tries < ${codeTriesMax}
           ORDER BY id FOR UPDATE),
         t AS (
           UPDATE users.one_time_tokens SET code_tries = code_tries + 1
           WHERE id IN (SELECT id FROM asked) RETURNING *)
         SELECT ${pendingColumns}, t.mac_key_id AS "keyId", t.code_mac AS "codeMac" FROM t ${whatItConfirms}`,
}

const countTry = {
  name: 'users_verification_count_try',
  text: `UPDATE users.one_time_tokens SET code_tries = code_tries + 1
         WHERE id = $1 AND consumed_at IS NULL AND code_tries < ${codeTriesMax} RETURNING id`,
}

const address = { kind: 'email', keyIds: '$6', macs: '$7' } as const

const consumed = `consumed AS (
   UPDATE users.one_time_tokens SET consumed_at = $2
   WHERE id = $1 AND purpose = 'verify-email' AND consumed_at IS NULL AND expires_at > $2
   RETURNING subject_id, email_index_key_id, email_index)`

// What was written to the address before belongs to the account from here on, and is erased with it.
// The row lock on the token decides between two uses of one token, the identifier's key between two tokens of one address.
const openAccount = {
  name: 'users_account_open',
  text: `WITH ${consumed},
         ${evictUnconfirmed(address, '$2')},
         free AS (
           SELECT r.password_hash, r.pepper_id, r.created_at AS registered_at
           FROM consumed JOIN users.registrations r ON r.id = consumed.subject_id
           WHERE ${isNotConfirmedByAnyone(address)}),
         ${openAccountFrom('free', { account: '$3', sealedKey: '$4', role: '$5' })},
         ${takeAddress(address, 'opened')},
         ${writeConsequences('$8', 'opened')},
         forgotten AS (
           DELETE FROM users.registrations r USING opened, unnest($6::text[], $7::text[]) AS asked (key_id, value)
           WHERE r.email_index_key_id = asked.key_id AND r.email_index = asked.value RETURNING r.id),
         handed_over AS (
           UPDATE users.outbox o SET subject_id = opened.account_id FROM opened, forgotten f WHERE o.subject_id = f.id)
         SELECT account_id FROM opened`,
}

// Who waited here for whoever takes the address sees the account as it has become, and its identifiers as they were.
const confirmAccount = {
  name: 'users_account_confirm',
  text: `WITH ${consumed},
         confirmed AS (
           UPDATE users.accounts a SET email_verified_at = $2, grants_epoch = grants_epoch + 1 FROM consumed
           WHERE a.id = consumed.subject_id AND a.email_verified_at IS NULL AND a.status <> 'deleted'
             AND EXISTS (SELECT FROM users.identifiers i WHERE i.kind = 'email' AND i.account_id = a.id
                           AND i.key_id = consumed.email_index_key_id AND i.mac = consumed.email_index)
           RETURNING a.id AS account_id),
         ${writeConsequences('$3', 'confirmed')},
         forgotten AS (
           DELETE FROM users.registrations r USING confirmed, consumed
           WHERE r.email_index_key_id = consumed.email_index_key_id AND r.email_index = consumed.email_index RETURNING r.id),
         handed_over AS (
           UPDATE users.outbox o SET subject_id = confirmed.account_id FROM confirmed, forgotten f WHERE o.subject_id = f.id)
         SELECT account_id FROM confirmed`,
}

// A registration lives as long as a token that confirms it.
export const registrationsOver: RowsOver = {
  table: 'users.registrations',
  over: `r.expires_at <= $1
    AND NOT EXISTS (SELECT FROM users.one_time_tokens t WHERE t.subject_id = r.id AND t.expires_at > $1)`,
}
export const oneTimeTokensOver: RowsOver = { table: 'users.one_time_tokens', over: 'r.expires_at <= $1' }

interface PendingRow extends Omit<Pending, 'password'> {
  readonly phc: string | null
  readonly pepperId: string | null
}

const pendingOf = <Row extends PendingRow>({ phc, pepperId, ...row }: Row) => ({
  ...row,
  password: phc !== null && pepperId !== null ? { phc, pepperId } : null,
})

export const prismaVerificationStore = (database: Database): VerificationStore => ({
  async pending(macs, now) {
    const [found] = await database.query<PendingRow>(readPending, [...macColumns(macs), now])
    return found ? pendingOf(found) : null
  },
  async tryCode(indexes, { now, since }) {
    type Row = PendingRow & Pick<PendingCode, 'keyId' | 'codeMac'>
    const tried = await database.query<Row>(tryCodes, [...macColumns(indexes), now, since])
    return tried.map((row) => pendingOf(row))
  },
  countTry: async (tokenId) => (await database.query(countTry, [tokenId])).length === 1,
  async open({ tokenId, account, everyIndex, consequences }) {
    const opened = [...openingRow(account), ...macColumns(everyIndex), consequencesJson(consequences)]
    const written = await database.query(openAccount, [tokenId, account.openedAt, ...opened]).catch(taken)
    return written !== 'taken' && written.length === 1
  },
  async confirm({ tokenId, at, consequences }) {
    return (await database.query(confirmAccount, [tokenId, at, consequencesJson(consequences)])).length === 1
  },
  resend: prismaAskForMail(database),
})
