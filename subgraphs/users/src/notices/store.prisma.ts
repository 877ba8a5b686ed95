/** "This was not me" in Postgres. */

import type { Database } from '@latchkey/prisma'
import { auditJson } from '../audit/store.prisma.ts'
import { consequencesJson, writeConsequences } from '../consequences/store.prisma.ts'
import { endSessions } from '../grants/end-sessions.prisma.ts'
import { macColumns } from '../identifiers/keyed-mac.ts'
import { doubtKeys } from '../keys-in-doubt/doubt.prisma.ts'
import { withdrawFactors } from '../second-factors/withdrawal.prisma.ts'
import type { NotMeStore } from './store.ts'

const readShown = {
  name: 'users_not_me_token',
  text: `SELECT t.id AS "tokenId", t.subject_id AS "accountId", t.email_index_key_id AS "keyId", t.email_index AS mac
         FROM users.one_time_tokens t
         WHERE (t.mac_key_id, t.mac) IN (SELECT * FROM unnest($1::text[], $2::text[]))
           AND t.purpose = 'not-me' AND t.consumed_at IS NULL AND t.expires_at > $3`,
}

const lockAccount = {
  name: 'users_not_me_lock',
  text: `WITH consumed AS (
           UPDATE users.one_time_tokens t SET consumed_at = $2
           WHERE t.id = $1 AND t.purpose = 'not-me' AND t.consumed_at IS NULL AND t.expires_at > $2
             AND EXISTS (SELECT FROM users.accounts a WHERE a.id = t.subject_id AND a.status IN ('active', 'locked'))
           RETURNING t.subject_id, t.created_at),
         locked AS (
           UPDATE users.accounts a SET status = 'locked', ${endSessions()},
             ${doubtKeys('consumed.created_at')}
           FROM consumed WHERE a.id = consumed.subject_id AND a.status IN ('active', 'locked')
           RETURNING a.id AS account_id, consumed.created_at AS since),
         ${withdrawFactors('locked', '$4')},
         voided AS (
           UPDATE users.one_time_tokens t SET consumed_at = $2 FROM locked
           WHERE t.subject_id = locked.account_id AND t.purpose IN ('change-email', 'reset-password')
             AND t.consumed_at IS NULL RETURNING t.id),
         ${writeConsequences('$3', 'locked')}
         SELECT account_id FROM locked`,
}

interface ShownRow {
  readonly tokenId: string
  readonly accountId: string
  readonly keyId: string
  readonly mac: string
}

export const prismaNotMeStore = (database: Database): NotMeStore => ({
  async shown(macs, now) {
    const [found] = await database.query<ShownRow>(readShown, [...macColumns(macs), now])
    if (!found) return null
    const { tokenId, accountId, keyId, mac } = found
    return { tokenId, accountId, sentTo: { keyId, mac } }
  },
  async lock({ tokenId, at, consequences, withdrawn }) {
    const written = [consequencesJson(consequences), auditJson(withdrawn)]
    return (await database.query(lockAccount, [tokenId, at, ...written])).length === 1
  },
})
