/** Password resets in Postgres. */

import type { Database, Statement } from '@latchkey/prisma'
import { prismaAskForMail } from '../../allowances/store.prisma.ts'
import { auditJson } from '../../audit/store.prisma.ts'
import { consequencesJson, writeConsequences } from '../../consequences/store.prisma.ts'
import { voidEmailChanges } from '../../email-change/voiding.prisma.ts'
import { endSessions } from '../../grants/end-sessions.prisma.ts'
import type { BlindIndex } from '../../identifiers/blind-index.ts'
import { macColumns } from '../../identifiers/keyed-mac.ts'
import { doubtKeys } from '../../keys-in-doubt/doubt.prisma.ts'
import { consumeToken, peekToken } from '../../one-time-tokens/store.prisma.ts'
import { hasSecondFactor } from '../../second-factors/enrolled.prisma.ts'
import { withdrawFactors } from '../../second-factors/withdrawal.prisma.ts'
import type { PasswordResetStore, PasswordTokenPurpose } from './store.ts'

const shown = { keyIds: '$1', macs: '$2', purpose: '$3', now: '$4' } as const

const readShown = { name: 'users_password_token', text: peekToken(shown) }

const isNewest = `NOT EXISTS (
                  SELECT FROM users.one_time_tokens newer
                  WHERE newer.subject_id = t.subject_id AND newer.purpose = t.purpose
                    AND (newer.created_at, newer.id) > (t.created_at, t.id))
                AND NOT EXISTS (
                  SELECT FROM users.passwords p WHERE p.account_id = t.subject_id AND p.changed_at > t.created_at)`

/** What holds for the account and its password, by what the token is for. */
const conditions = {
  'reset-password': {
    statuses: `('active', 'locked')`,
    replacing: `DO UPDATE SET hash = excluded.hash, pepper_id = excluded.pepper_id, changed_at = excluded.changed_at,
                              needs_factor = excluded.needs_factor,
                              change_tries = 0, change_tries_since = NULL`,
    // Whoever opened an account whose address nobody confirmed may have made keys, too.
    doubtedSince: 'CASE WHEN email_verified_at IS NULL THEN created_at END',
  },
  // Whoever has a password was not waiting to be let in.
  invitation: { statuses: `('active')`, replacing: 'DO NOTHING', doubtedSince: 'NULL' },
} as const satisfies Record<PasswordTokenPurpose, unknown>

const isOf = (statuses: string) =>
  `EXISTS (SELECT FROM users.accounts a WHERE a.id = t.subject_id AND a.email = $5 AND a.status IN ${statuses})`

// Token, password, account: every statement that changes a password locks in this order.
const setPassword = (purpose: PasswordTokenPurpose): Statement => ({
  name: `users_password_set_${purpose.replace('-', '_')}`,
  text: `WITH consumed AS (
           ${consumeToken(
             shown,
             `${isNewest} AND ${isOf(conditions[purpose].statuses)}
             AND (NOT $10 OR ${hasSecondFactor('t.subject_id')})`,
           )}),
         password AS (
           INSERT INTO users.passwords (account_id, hash, pepper_id, changed_at, needs_factor)
           SELECT subject_id, $6, $7, $4, $10 FROM consumed
           ON CONFLICT (account_id) ${conditions[purpose].replacing}
           RETURNING account_id),
         account AS (
           UPDATE users.accounts
           SET status = CASE status WHEN 'locked' THEN 'active' ELSE status END,
               email_verified_at = coalesce(email_verified_at, $4), ${doubtKeys(conditions[purpose].doubtedSince)},
               ${endSessions()}
           WHERE id = (SELECT account_id FROM password)
           RETURNING id),
         -- As the account was before this statement: whoever opened it had not shown that the address is theirs.
         unproved AS (
           SELECT a.id AS account_id, '-infinity'::timestamptz AS since FROM users.accounts a
           WHERE a.id = (SELECT id FROM account) AND a.email_verified_at IS NULL),
         ${withdrawFactors('unproved', '$9')},
         ${voidEmailChanges({ of: 'account', column: 'id', at: '$4' })},
         ${writeConsequences('$8', 'account')}
         SELECT id FROM account`,
})
const setPasswordWith = { 'reset-password': setPassword('reset-password'), invitation: setPassword('invitation') }

export const prismaPasswordResetStore = (database: Database): PasswordResetStore => ({
  request: prismaAskForMail(database),
  async shown(macs, purpose, now) {
    const parameters = [...macColumns(macs), purpose, now]
    const [found] = await database.query<BlindIndex & { readonly subjectId: string }>(readShown, parameters)
    return found ? { accountId: found.subjectId, sentTo: { keyId: found.keyId, mac: found.mac } } : null
  },
  async setPassword({ purpose, macs, sealedEmail, to, needsFactor, at, consequences, withdrawn }) {
    const shownAt = [...macColumns(macs), purpose, at]
    const written = [consequencesJson(consequences), auditJson(withdrawn), needsFactor]
    const parameters = [...shownAt, sealedEmail, to.phc, to.pepperId, ...written]
    return (await database.query(setPasswordWith[purpose], parameters)).length === 1
  },
})
