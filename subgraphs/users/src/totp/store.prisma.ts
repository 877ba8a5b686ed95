/** The authenticator app in Postgres. */
import type { Database } from '@latchkey/prisma'
import { consequencesJson, writeConsequences } from '../consequences/store.prisma.ts'
import { macColumns } from '../identifiers/keyed-mac.ts'
import { mayProve, type UnconfirmedSince } from '../second-factors/may-prove.ts'
import { factorChange, runFactorChange } from '../second-factors/statement.ts'
import type { StoredTotp, TotpStore } from './store.ts'

const read = {
  name: 'users_totp_by_account',
  text: `SELECT t.secret, k.sealed_key AS "sealedKey", t.confirmed_at IS NOT NULL AS confirmed
         FROM users.totp_factors t JOIN users.data_keys k ON k.account_id = t.account_id WHERE t.account_id = $1`,
}

const begin = {
  name: 'users_totp_begin',
  text: `WITH begun AS (
           INSERT INTO users.totp_factors AS t (account_id, secret, created_at) VALUES ($1, $2, $3)
           ON CONFLICT (account_id) DO UPDATE SET secret = $2, created_at = $3, last_used_step = NULL
             WHERE t.confirmed_at IS NULL
           RETURNING account_id),
         ${writeConsequences('$4', 'begun')}
         SELECT account_id FROM begun`,
}

const unused = '(t.last_used_step IS NULL OR t.last_used_step < $8)'

const confirm = factorChange({
  name: 'users_totp_confirm',
  change: `changed AS (
             UPDATE users.totp_factors t SET confirmed_at = $6, last_used_step = $8 FROM moved
             WHERE t.account_id = moved.account_id AND t.secret = $7 AND t.confirmed_at IS NULL RETURNING t.account_id)`,
})

// The row lock decides between two uses: the later one finds the step used.
const use = {
  name: 'users_totp_use',
  text: `UPDATE users.totp_factors t SET last_used_step = $3, wrong_codes = 0
         FROM (${mayProve('$1', '$4')}) account
         WHERE t.account_id = account.account_id AND t.secret = $2 AND t.confirmed_at IS NOT NULL
           AND (t.last_used_step IS NULL OR t.last_used_step < $3)
         RETURNING account.session_epoch AS "sessionEpoch"`,
}

const takeTry = {
  name: 'users_totp_take_try',
  text: `UPDATE users.totp_factors
         SET wrong_codes = CASE WHEN wrong_code_at > $3 THEN wrong_codes + 1 ELSE 1 END, wrong_code_at = $2
         WHERE account_id = $1 AND (wrong_codes < $4 OR wrong_code_at <= $3) RETURNING account_id`,
}

const removeByCode = factorChange({
  name: 'users_totp_remove_by_code',
  change: `changed AS (
             DELETE FROM users.totp_factors t USING moved
             WHERE t.account_id = moved.account_id AND t.secret = $7 AND ${unused} RETURNING t.account_id)`,
})
const removeByRecoveryCode = factorChange({
  name: 'users_totp_remove_by_recovery_code',
  change: `used AS (
             DELETE FROM users.recovery_codes c USING moved
             WHERE c.account_id = moved.account_id AND c.used_at IS NULL
               AND (c.mac_key_id, c.mac) IN (SELECT * FROM unnest($7::text[], $8::text[]))
             RETURNING c.account_id),
           changed AS (
             DELETE FROM users.totp_factors t USING used WHERE t.account_id = used.account_id RETURNING t.account_id)`,
})
const removeBySession = factorChange({
  name: 'users_totp_remove_by_session',
  change: `changed AS (
             DELETE FROM users.totp_factors t USING moved WHERE t.account_id = moved.account_id RETURNING t.account_id)`,
})

export const prismaTotpStore = (database: Database, unconfirmedSince: UnconfirmedSince): TotpStore => ({
  async of(accountId) {
    const [found] = await database.query<StoredTotp>(read, [accountId])
    return found ?? null
  },
  async begin({ accountId, secret, at, consequences }) {
    return (await database.query(begin, [accountId, secret, at, consequencesJson(consequences)])).length === 1
  },
  confirm: (write, { secret, step }) => runFactorChange(database, confirm, write, [secret, step]),
  async use(accountId, { secret, step }) {
    const [used] = await database.query<{ sessionEpoch: number }>(use, [accountId, secret, step, unconfirmedSince()])
    return used ?? null
  },
  async takeTry(accountId, { at, max, windowMs }) {
    const since = new Date(at.getTime() - windowMs)
    return (await database.query(takeTry, [accountId, at, since, max])).length === 1
  },
  remove(write, proof) {
    switch (proof.kind) {
      case 'code':
        return runFactorChange(database, removeByCode, write, [proof.code.secret, proof.code.step])
      case 'recovery code':
        return runFactorChange(database, removeByRecoveryCode, write, macColumns(proof.macs))
      case 'session':
        return runFactorChange(database, removeBySession, write)
    }
  },
})
