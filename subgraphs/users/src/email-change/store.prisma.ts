/** Changes of address in Postgres. */

import { type Database, type Statement, taken } from '@latchkey/prisma'
import { allowancesJson, countedMail, countMail } from '../allowances/store.prisma.ts'
import type { CountedMail } from '../allowances/store.ts'
import { auditJson, insertAuditRecord } from '../audit/store.prisma.ts'
import { consequencesJson, writeConsequences } from '../consequences/store.prisma.ts'
import { evictUnconfirmed, isNotConfirmedByAnyone, takeAddress } from '../email/taking.prisma.ts'
import { endSessions } from '../grants/end-sessions.prisma.ts'
import { macColumns } from '../identifiers/keyed-mac.ts'
import { doubtKeys } from '../keys-in-doubt/doubt.prisma.ts'
import { withdrawPassword } from '../passwords/withdrawal.prisma.ts'
import { withdrawFactors } from '../second-factors/withdrawal.prisma.ts'
import type { AddressChange, EmailChangeStore, ShownChange } from './store.ts'

// Only the newest request counts: a mailbox that was named by mistake changes nothing later.
const requestChange = {
  name: 'users_email_change_request',
  text: `WITH ${countMail('$5')},
         superseded AS (
           UPDATE users.one_time_tokens t SET consumed_at = $2 FROM due
           WHERE t.subject_id = $1 AND t.purpose = 'change-email' AND t.consumed_at IS NULL RETURNING t.id),
         ${writeConsequences('$3', 'due')},
         withheld_record AS (${insertAuditRecord('$4', 'withheld')})
         ${countedMail('$5')}`,
}

const readShown = {
  name: 'users_email_change_token',
  text: `SELECT t.id AS "tokenId", a.id AS "accountId", t.payload, a.email, a.email_verified_at IS NOT NULL AS confirmed, a.display_name AS "displayName", a.profile,
                k.sealed_key AS "sealedKey"
         FROM users.one_time_tokens t
         JOIN users.accounts a ON a.id = t.subject_id JOIN users.data_keys k ON k.account_id = a.id
         WHERE (t.mac_key_id, t.mac) IN (SELECT * FROM unnest($1::text[], $2::text[]))
           AND t.purpose = $3 AND t.consumed_at IS NULL AND t.expires_at > $4`,
}

const address = { kind: 'email', keyIds: '$5', macs: '$6' } as const

// Of the account `a`, when the token is used and once more when its row is locked.
const mayChange = `a.email = $3 AND a.status = 'active'`
// Who took the account over may have deleted it; what an administrator deleted stays deleted.
const mayUndo = `a.email = $3 AND (a.status IN ('active', 'locked', 'suspended')
  OR (a.status = 'deleted' AND a.suspended_by IS NULL AND a.erasing_since IS NULL AND a.erase_at > $2))`

const consumed = (purpose: string, standing: string) => `consumed AS (
   UPDATE users.one_time_tokens t SET consumed_at = $2
   WHERE t.id = $1 AND t.purpose = '${purpose}' AND t.consumed_at IS NULL AND t.expires_at > $2
     AND EXISTS (SELECT FROM users.accounts a WHERE a.id = t.subject_id AND ${standing})
     AND ${isNotConfirmedByAnyone(address)}
   RETURNING t.subject_id, t.created_at)`

const movedTo = (more: string, standing: string) => `moved AS (
   UPDATE users.accounts a SET email = $4, email_verified_at = $2, version = a.version + 1,
     ${more}
   FROM consumed WHERE a.id = consumed.subject_id AND ${standing}
   RETURNING a.id AS account_id, consumed.created_at AS since),
 given_up AS (
   DELETE FROM users.identifiers i USING moved WHERE i.account_id = moved.account_id AND i.kind = 'email' RETURNING i.mac)`

// A link that went to the address of before must not open the account any more.
const voided = (which: string) => `voided AS (
   UPDATE users.one_time_tokens t SET consumed_at = $2 FROM moved, consumed
   WHERE t.subject_id = moved.account_id AND t.id <> $1 AND t.consumed_at IS NULL AND (${which}) RETURNING t.id)`

const changeAddress: Statement = {
  name: 'users_email_change',
  text: `WITH ${consumed('change-email', mayChange)},
         ${evictUnconfirmed(address, '$2')},
         ${movedTo(endSessions({ kept: '$8' }), mayChange)},
         ${takeAddress(address, 'moved')},
         ${voided(`t.purpose IN ('change-email', 'reset-password')`)},
         ${writeConsequences('$7', 'moved')}
         SELECT account_id FROM moved`,
}

const lockedAgain = `${endSessions()}, ${doubtKeys('consumed.created_at')}, deleted_at = NULL, erase_at = NULL,
     status = CASE status WHEN 'suspended' THEN status ELSE 'locked' END`

// A suspension hides the lock: without a password its end lets nobody in but who sets a new one by mail. An undo that is older outranks a newer one: whoever had the address first keeps the way back to it.
const undoChange: Statement = {
  name: 'users_email_change_undo',
  text: `WITH ${consumed('undo-email-change', mayUndo)},
         ${evictUnconfirmed(address, '$2')},
         ${movedTo(lockedAgain, mayUndo)},
         ${withdrawFactors('moved', '$8')},
         ${withdrawPassword('moved', 'suspended')},
         ${takeAddress(address, 'moved')},
         ${voided(`t.purpose IN ('change-email', 'reset-password', 'undo-deletion')
                   OR (t.purpose = 'undo-email-change' AND t.created_at > consumed.created_at)`)},
         ${writeConsequences('$7', 'moved')}
         SELECT account_id FROM moved`,
}

const parametersOf = ({ tokenId, at, from, to, everyIndex, consequences }: AddressChange) => [
  ...[tokenId, at, from, to],
  ...[...macColumns(everyIndex), consequencesJson(consequences)],
]

export function prismaEmailChangeStore(database: Database): EmailChangeStore {
  /** Somebody took the address at the same moment: the statement failed, whole. */
  async function isDone(statement: Statement, parameters: unknown[]): Promise<boolean> {
    const written = await database.query(statement, parameters).catch(taken)
    return written !== 'taken' && written.length === 1
  }
  return {
    async request({ accountId, at, consequences, withheld, allowances }) {
      const rows = [consequencesJson(consequences), auditJson(withheld), allowancesJson(allowances)]
      const [counted] = await database.query<CountedMail>(requestChange, [accountId, at, ...rows])
      return counted ?? { admitted: false, sentAt: [] }
    },
    async shown(macs, purpose, now) {
      const [found] = await database.query<ShownChange>(readShown, [...macColumns(macs), purpose, now])
      return found ?? null
    },
    change: ({ keptSession, ...change }) => isDone(changeAddress, [...parametersOf(change), keptSession]),
    undo: ({ withdrawn, ...change }) => isDone(undoChange, [...parametersOf(change), auditJson(withdrawn)]),
  }
}
