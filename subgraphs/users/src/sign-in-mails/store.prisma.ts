/** Signing in with a mail, in Postgres. */

import type { Database } from '@latchkey/prisma'
import { prismaAskForMail } from '../allowances/store.prisma.ts'
import { auditJson } from '../audit/store.prisma.ts'
import { consequencesJson, writeConsequences } from '../consequences/store.prisma.ts'
import { voidEmailChanges } from '../email-change/voiding.prisma.ts'
import { endSessions } from '../grants/end-sessions.prisma.ts'
import { macColumns } from '../identifiers/keyed-mac.ts'
import { doubtKeys } from '../keys-in-doubt/doubt.prisma.ts'
import { codeTriesMax } from '../one-time-tokens/code.ts'
import { consumeToken, peekToken } from '../one-time-tokens/store.prisma.ts'
import { withdrawFactors } from '../second-factors/withdrawal.prisma.ts'
import type { SignInMailStore, UsedMail } from './store.ts'

// The account may sign in, the address is still its own, and its password is the one from when the mail was asked for.
const stillGood = `
  EXISTS (SELECT FROM users.accounts a WHERE a.id = t.subject_id AND a.status = 'active')
  AND EXISTS (SELECT FROM users.identifiers i WHERE i.kind = 'email' AND i.account_id = t.subject_id
                AND i.key_id = t.email_index_key_id AND i.mac = t.email_index)
  AND NOT EXISTS (SELECT FROM users.passwords p WHERE p.account_id = t.subject_id AND p.changed_at > t.created_at)`

const shown = { keyIds: '$1', macs: '$2', purpose: '$3', now: '$4' } as const

/**
 * What follows on `consumed`. An address that nobody had confirmed is confirmed, and whatever opened the account before is no
 * proof that it is its owner's: password, factors, keys and sessions end. Token, password, account: locked in this order.
 */
const afterUse = ({ now, consequences, withdrawn }: Record<'now' | 'consequences' | 'withdrawn', `$${number}`>) =>
  `dropped AS (
     DELETE FROM users.passwords p USING consumed, users.accounts a
     WHERE p.account_id = consumed.subject_id AND a.id = consumed.subject_id AND a.email_verified_at IS NULL
     RETURNING p.account_id),
   confirmed AS (
     UPDATE users.accounts a
     SET email_verified_at = ${now}, email_codes_enabled = false, ${doubtKeys('a.created_at')},
         ${endSessions({ of: 'a' })}
     FROM consumed LEFT JOIN dropped ON dropped.account_id = consumed.subject_id
     WHERE a.id = consumed.subject_id AND a.email_verified_at IS NULL
     RETURNING a.id AS account_id, a.session_epoch),
   unproved AS (SELECT account_id, '-infinity'::timestamptz AS since FROM confirmed),
   ${withdrawFactors('unproved', withdrawn)},
   ${voidEmailChanges({ of: 'confirmed', column: 'account_id', at: now })},
   ${writeConsequences(consequences, 'confirmed')}`

const answer = (named: string) =>
  `SELECT (SELECT a.id FROM users.accounts a JOIN ${named} n ON a.id = n.subject_id) AS "namedUserId",
          p.id AS "userId", coalesce(c.session_epoch, p.session_epoch) AS "sessionEpoch", c.account_id IS NOT NULL AS confirmed
   FROM (SELECT) AS one
   LEFT JOIN (SELECT a.id, a.session_epoch FROM users.accounts a JOIN consumed ON a.id = consumed.subject_id) AS p ON true
   LEFT JOIN confirmed c ON true`

const useLink = {
  name: 'users_sign_in_link_use',
  text: `WITH consumed AS (${consumeToken(shown, stillGood)}), ${afterUse({ now: '$4', consequences: '$5', withdrawn: '$6' })} ${answer('consumed')}`,
}

// Every try is counted, also where there is no account: a row that is not written would tell.
const useCode = {
  name: 'users_sign_in_code_use',
  text: `WITH tried AS (
           UPDATE users.one_time_tokens t
           SET code_tries = t.code_tries + 1,
               consumed_at = CASE WHEN (t.mac_key_id, t.code_mac) IN (SELECT * FROM unnest($2::text[], $3::text[]))
                                   AND ${stillGood} THEN $5::timestamptz END
           WHERE t.id = $1 AND t.purpose = $4 AND t.consumed_at IS NULL AND t.expires_at > $5
             AND t.code_tries < ${codeTriesMax}
           RETURNING t.subject_id, t.consumed_at),
         consumed AS (SELECT subject_id FROM tried WHERE consumed_at IS NOT NULL),
         ${afterUse({ now: '$5', consequences: '$6', withdrawn: '$7' })} ${answer('tried')}`,
}

const readLink = { name: 'users_sign_in_link_subject', text: peekToken(shown) }
const readCode = {
  name: 'users_sign_in_code_subject',
  text: `SELECT t.subject_id AS "subjectId" FROM users.one_time_tokens t
         WHERE t.id = $1 AND t.purpose = $2 AND t.consumed_at IS NULL AND t.expires_at > $3`,
}

const purpose = 'sign-in'
const nobody: UsedMail = { namedUserId: null, userId: null, sessionEpoch: null, confirmed: false }

export const prismaSignInMailStore = (database: Database): SignInMailStore => ({
  request: prismaAskForMail(database),
  async subjectOfLink(macs, now) {
    const [found] = await database.query<{ subjectId: string }>(readLink, [...macColumns(macs), purpose, now])
    return found?.subjectId ?? null
  },
  async subjectOfCode(reference, now) {
    const [found] = await database.query<{ subjectId: string }>(readCode, [reference, purpose, now])
    return found?.subjectId ?? null
  },
  async useLink({ macs, at, consequences, withdrawn }) {
    const parameters = [...macColumns(macs), purpose, at, consequencesJson(consequences), auditJson(withdrawn)]
    return (await database.query<UsedMail>(useLink, parameters))[0] ?? nobody
  },
  async useCode({ reference, codeMacs, at, consequences, withdrawn }) {
    const parameters = [
      reference,
      ...macColumns(codeMacs),
      purpose,
      at,
      consequencesJson(consequences),
      auditJson(withdrawn),
    ]
    return (await database.query<UsedMail>(useCode, parameters))[0] ?? nobody
  },
})
