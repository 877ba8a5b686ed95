/** Passkeys in Postgres. */
import { type Database, taken } from '@latchkey/prisma'
import type { RowsOver } from '@latchkey/prisma/cleanup'
import { consequencesJson, writeConsequences } from '../consequences/store.prisma.ts'
import { mayProve, type UnconfirmedSince } from '../second-factors/may-prove.ts'
import { factorChange, runFactorChange } from '../second-factors/statement.ts'
import type { StoredPasskey } from './passkey.ts'
import type { PasskeyKey, PasskeyStore } from './store.ts'

const readOfAccounts = {
  name: 'users_passkeys_by_account',
  text: `SELECT p.id, p.account_id AS "accountId", p.name, k.sealed_key AS "sealedKey", p.transports,
                p.backed_up AS "backedUp", p.created_at AS "createdAt", p.last_used_at AS "lastUsedAt",
                p.sign_count_alarm_at AS "signCountAlarmAt"
         FROM users.passkeys p JOIN users.data_keys k ON k.account_id = p.account_id
         WHERE p.account_id = ANY($1::text[]) ORDER BY p.account_id, p.created_at, p.id`,
}
const readKey = {
  name: 'users_passkey_key',
  text: `SELECT id, account_id AS "accountId", public_key AS "publicKey" FROM users.passkeys WHERE id = $1`,
}

const begin = {
  name: 'users_passkey_enrolment_begin',
  text: `INSERT INTO users.passkey_enrolments (account_id, challenge, expires_at) VALUES ($1, $2, $3)
         ON CONFLICT (account_id) DO UPDATE SET challenge = excluded.challenge, expires_at = excluded.expires_at`,
}
const takeChallenge = {
  name: 'users_passkey_enrolment_take',
  text: 'DELETE FROM users.passkey_enrolments WHERE account_id = $1 AND expires_at > $2 RETURNING challenge',
}
export const passkeyEnrolmentsOver: RowsOver = { table: 'users.passkey_enrolments', over: 'r.expires_at <= $1' }

const add = factorChange({
  name: 'users_passkey_add',
  change: `changed AS (
             INSERT INTO users.passkeys (id, account_id, public_key, sign_count, transports, aaguid, name, backed_up, created_at)
             SELECT $7, account_id, $8, $9::bigint, $10::text[], $11, $12, $13::boolean, $6 FROM moved RETURNING account_id)`,
})
const remove = factorChange({
  name: 'users_passkey_remove',
  change: `changed AS (
             DELETE FROM users.passkeys p USING moved
             WHERE p.account_id = moved.account_id AND p.id = $7 RETURNING p.account_id)`,
})
const rename = {
  name: 'users_passkey_rename',
  text: `WITH renamed AS (
           UPDATE users.passkeys SET name = $3 WHERE account_id = $1 AND id = $2 RETURNING account_id),
         ${writeConsequences('$4', 'renamed')}
         SELECT account_id FROM renamed`,
}

// Many passkeys do not count: theirs stays at zero (WebAuthn Level 3 section 6.1.1).
const hasGrown = '(p.sign_count < $3::bigint OR (p.sign_count = 0 AND $3::bigint = 0))'

// The row lock decides between two answers with one count: the later one finds that it has not grown.
const use = {
  name: 'users_passkey_use',
  text: `UPDATE users.passkeys p SET sign_count = $3::bigint, backed_up = $4, last_used_at = $5
         FROM (${mayProve('$1', '$6')}) account
         WHERE p.id = $2 AND p.account_id = account.account_id AND p.sign_count_alarm_at IS NULL AND ${hasGrown}
         RETURNING account.session_epoch AS "sessionEpoch"`,
}
const alarm = {
  name: 'users_passkey_alarm',
  text: `WITH alarmed AS (
           UPDATE users.passkeys p SET sign_count_alarm_at = $4
           WHERE p.id = $2 AND p.account_id = $1 AND p.sign_count_alarm_at IS NULL AND NOT ${hasGrown}
           RETURNING p.account_id),
         ${writeConsequences('$5', 'alarmed')}
         SELECT account_id FROM alarmed`,
}

export function prismaPasskeyStore(database: Database, unconfirmedSince: UnconfirmedSince): PasskeyStore {
  const ofAccounts = database.batchedRead(readOfAccounts, ({ accountId }: StoredPasskey) => accountId)
  return {
    ofAccount: ofAccounts,
    async key(id) {
      const [found] = await database.query<PasskeyKey>(readKey, [id])
      return found ?? null
    },
    async begin({ accountId, challenge, expiresAt }) {
      await database.query(begin, [accountId, challenge, expiresAt])
    },
    async takeChallenge(accountId, at) {
      const [taken] = await database.query<{ challenge: string }>(takeChallenge, [accountId, at])
      return taken?.challenge ?? null
    },
    add(write, { id, publicKey, signCount, transports, aaguid, name, backedUp }) {
      const own = [id, Buffer.from(publicKey), signCount, transports, aaguid, name, backedUp]
      return runFactorChange(database, add, write, own).catch(taken)
    },
    remove: (write, id) => runFactorChange(database, remove, write, [id]),
    async rename({ accountId, id, name, consequences }) {
      return (await database.query(rename, [accountId, id, name, consequencesJson(consequences)])).length === 1
    },
    async use({ accountId, id, assertion: { signCount, backedUp }, at }) {
      const [used] = await database.query<{ sessionEpoch: number }>(use, [
        accountId,
        id,
        signCount,
        backedUp,
        at,
        unconfirmedSince(),
      ])
      return used ?? null
    },
    async alarm({ accountId, id, assertion: { signCount }, at, consequences }) {
      const parameters = [accountId, id, signCount, at, consequencesJson(consequences)]
      return (await database.query(alarm, parameters)).length === 1
    },
  }
}
