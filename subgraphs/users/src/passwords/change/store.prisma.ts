/** Changes of passwords in Postgres. */

import type { Database } from '@latchkey/prisma'
import { auditJson, insertAuditRecord } from '../../audit/store.prisma.ts'
import { consequencesJson, writeConsequences } from '../../consequences/store.prisma.ts'
import { voidEmailChanges } from '../../email-change/voiding.prisma.ts'
import { endSessions } from '../../grants/end-sessions.prisma.ts'
import { hasSecondFactor } from '../../second-factors/enrolled.prisma.ts'
import type { PasswordChangeStore } from './store.ts'

// The row lock puts tries at the same moment in order; each sees the count that the one before it left.
const takeTry = {
  name: 'users_password_try',
  text: `WITH taken AS (
           UPDATE users.passwords
           SET change_tries = CASE WHEN change_tries_since > $3 THEN change_tries + 1 ELSE 1 END,
               change_tries_since = CASE WHEN change_tries_since > $3 THEN change_tries_since ELSE $2 END
           WHERE account_id = $1 AND (change_tries < $4 OR change_tries_since IS NULL OR change_tries_since <= $3)
           RETURNING hash, pepper_id)
         SELECT taken.hash AS phc, taken.pepper_id AS "pepperId",
                EXISTS (SELECT FROM users.passwords WHERE account_id = $1) AS "hasPassword"
         FROM (SELECT) AS asked LEFT JOIN taken ON true`,
}

const giveBackTry = {
  name: 'users_password_try_back',
  text: 'UPDATE users.passwords SET change_tries = change_tries - 1 WHERE account_id = $1 AND change_tries > 0',
}

const recordRefusal = { name: 'users_password_refusal', text: insertAuditRecord('$1') }

const changePassword = {
  name: 'users_password_change',
  text: `WITH changed AS (
           UPDATE users.passwords
           SET hash = $3, pepper_id = $4, changed_at = $5, needs_factor = $8, change_tries = 0, change_tries_since = NULL
           WHERE account_id = $1 AND hash = $2
             AND EXISTS (SELECT FROM users.accounts a WHERE a.id = $1 AND a.status = 'active')
             AND (NOT $8 OR ${hasSecondFactor('$1')})
           RETURNING account_id),
         ended AS (
           UPDATE users.accounts
           SET ${endSessions({ kept: '$6' })}
           WHERE id = (SELECT account_id FROM changed)),
         ${voidEmailChanges({ of: 'changed', column: 'account_id', at: '$5' })},
         ${writeConsequences('$7', 'changed')}
         SELECT account_id FROM changed`,
}

interface TriedRow {
  readonly phc: string | null
  readonly pepperId: string | null
  readonly hasPassword: boolean
}

export const prismaPasswordChangeStore = (database: Database): PasswordChangeStore => ({
  async takeTry({ accountId, now, since, max }) {
    const [row] = await database.query<TriedRow>(takeTry, [accountId, now, since, max])
    if (!row?.hasPassword) return { kind: 'no password' }
    const { phc, pepperId } = row
    return phc === null ? { kind: 'too many' } : { kind: 'granted', kept: { phc, pepperId } }
  },
  async giveBackTry(accountId) {
    await database.query(giveBackTry, [accountId])
  },
  async putOnRecord(record) {
    await database.query(recordRefusal, [auditJson(record)])
  },
  async change({ accountId, from, to, needsFactor, sessionKept, at, consequences }) {
    const written = [consequencesJson(consequences), needsFactor]
    const parameters = [accountId, from, to.phc, to.pepperId, at, sessionKept, ...written]
    return (await database.query(changePassword, parameters)).length === 1
  },
})
