/** Erasure in Postgres. */

import type { Database } from '@latchkey/prisma'
import { auditJson, insertAuditRecord } from '../audit/store.prisma.ts'
import { endSessions } from '../grants/end-sessions.prisma.ts'
import { rowJson } from '../sql.ts'
import type { LedgerEntry } from './erasure.ts'
import type { ErasureStore } from './store.ts'

const isOver = `status = 'deleted', ${endSessions()}`

const condemn = {
  name: 'users_erasure_condemn',
  text: `UPDATE users.accounts SET ${isOver}, deleted_at = coalesce(deleted_at, $2), erase_at = $2, erasing_since = $2
         WHERE id = $1 RETURNING id`,
}

const condemnReturned = {
  name: 'users_erasure_condemn_returned',
  text: `UPDATE users.accounts SET ${isOver}, deleted_at = coalesce(deleted_at, $1), erase_at = $1, erasing_since = NULL
         WHERE id IN (SELECT a.id FROM users.erasures e JOIN users.accounts a ON a.id = e.account_id
                      WHERE NOT (a.status = 'deleted' AND a.erase_at <= $1) LIMIT 1000)
         RETURNING id`,
}

// SKIP LOCKED: replicas that look at the same moment each get accounts of their own.
const claimDue = {
  name: 'users_erasure_claim',
  text: `UPDATE users.accounts SET erasing_since = $1
         WHERE id IN (SELECT id FROM users.accounts
                      WHERE erase_at <= $1 AND status = 'deleted' AND (erasing_since IS NULL OR erasing_since < $2)
                      ORDER BY erase_at LIMIT $3 FOR UPDATE SKIP LOCKED)
         RETURNING id`,
}

// The row takes with it, by its foreign keys: data key, password, roles, identifiers, factors, codes, passkeys, trusted devices, exports. What
// is kept by an address goes too; of an address that was given up, by what was asked for while it was still theirs.
const erase = {
  name: 'users_erasure_erase',
  text: `WITH gone AS (
           DELETE FROM users.accounts WHERE id = $1 AND status = 'deleted' AND erase_at <= $2 RETURNING id AS account_id),
         addresses AS (
           SELECT i.key_id, i.mac FROM gone JOIN users.identifiers i ON i.account_id = gone.account_id AND i.kind = 'email'),
         written_to AS (
           SELECT t.email_index_key_id AS key_id, t.email_index AS mac, t.purpose, t.created_at
           FROM users.one_time_tokens t JOIN gone ON t.subject_id = gone.account_id),
         waiting AS (
           DELETE FROM users.registrations r
           WHERE EXISTS (SELECT FROM addresses x WHERE r.email_index_key_id = x.key_id AND r.email_index = x.mac)
              OR EXISTS (SELECT FROM written_to w
                         WHERE r.email_index_key_id = w.key_id AND r.email_index = w.mac
                           AND w.purpose = 'undo-email-change' AND r.created_at <= w.created_at)
           RETURNING r.id),
         subjects AS (SELECT account_id AS id FROM gone UNION SELECT id FROM waiting),
         tokens AS (DELETE FROM users.one_time_tokens t USING subjects s WHERE t.subject_id = s.id),
         mailed AS (
           DELETE FROM users.one_time_tokens t USING addresses x
           WHERE t.email_index_key_id = x.key_id AND t.email_index = x.mac
             AND t.subject_id NOT IN (SELECT id FROM subjects)),
         codes AS (DELETE FROM users.email_codes c USING gone WHERE c.account_id = gone.account_id),
         counted AS (SELECT key_id, mac FROM addresses UNION SELECT key_id, mac FROM written_to),
         allowances AS (
           DELETE FROM users.mail_allowances m
           WHERE m.subject IN (SELECT kind || ':' || key_id || ':' || mac
                               FROM counted, unnest(ARRAY['recipient', 'reset', 'sign-in']) AS kind
                               UNION SELECT 'email-codes:' || account_id FROM gone)),
         messages AS (DELETE FROM users.outbox o USING subjects s WHERE o.subject_id = s.id),
         entered AS (
           INSERT INTO users.erasures (account_id, erased_at) SELECT account_id, $2 FROM gone
           ON CONFLICT (account_id) DO UPDATE SET settled_at = NULL),
         record AS (${insertAuditRecord('$3', 'gone')})
         SELECT account_id FROM gone`,
}

const unsettled = {
  name: 'users_erasure_unsettled',
  text: `SELECT account_id AS id FROM users.erasures
         WHERE settled_at IS NULL AND erased_at <= $1 AND account_id > $2 ORDER BY account_id LIMIT $3`,
}
const settle = {
  name: 'users_erasure_settle',
  text: `WITH messages AS (DELETE FROM users.outbox WHERE subject_id = $1),
         tokens AS (DELETE FROM users.one_time_tokens WHERE subject_id = $1),
         codes AS (DELETE FROM users.email_codes WHERE account_id = $1),
         allowances AS (DELETE FROM users.mail_allowances WHERE subject = 'email-codes:' || $1)
         UPDATE users.erasures SET settled_at = $2 WHERE account_id = $1`,
}
const ledger = {
  name: 'users_erasure_ledger',
  text: `SELECT account_id AS "accountId", erased_at AS "erasedAt" FROM users.erasures
         WHERE account_id > $1 ORDER BY account_id LIMIT $2`,
}
// An entry that is known is settled once more: what it is replayed for may have brought back a part of the person only.
const addToLedger = {
  name: 'users_erasure_ledger_add',
  text: `WITH added AS (
           INSERT INTO users.erasures (account_id, erased_at)
           SELECT given.account_id, given.erased_at FROM jsonb_populate_recordset(NULL::users.erasures, $1::jsonb) AS given
           ON CONFLICT (account_id) DO UPDATE SET settled_at = NULL RETURNING (xmax = 0) AS is_new)
         SELECT count(*) FILTER (WHERE is_new)::int AS added FROM added`,
}

type Id = { readonly id: string }
const idsOf = (rows: readonly Id[]) => rows.map(({ id }) => id)

export const prismaErasureStore = (database: Database): ErasureStore => ({
  condemn: async (accountId, at) => (await database.query(condemn, [accountId, at])).length === 1,
  condemnReturned: async (at) => idsOf(await database.query<Id>(condemnReturned, [at])),
  claimDue: async ({ now, staleBefore, max }) => idsOf(await database.query<Id>(claimDue, [now, staleBefore, max])),
  erase: async ({ accountId, at, record }) =>
    (await database.query(erase, [accountId, at, auditJson(record)])).length === 1,
  unsettled: async ({ before, after, max }) => idsOf(await database.query<Id>(unsettled, [before, after, max])),
  async settle(accountId, at) {
    await database.query(settle, [accountId, at])
  },
  ledger: (after, max) => database.query<LedgerEntry>(ledger, [after, max]),
  async addToLedger(entries) {
    const rows = entries.map(({ accountId, erasedAt }) => rowJson({ account_id: accountId, erased_at: erasedAt }))
    const [found] = await database.query<{ added: number }>(addToLedger, [`[${rows.join(',')}]`])
    return found?.added ?? 0
  },
})
