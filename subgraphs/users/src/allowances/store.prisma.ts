/** Allowances in Postgres: the part of a statement that counts a mail against them, exactly, however many ask at once. */
import type { Database } from '@latchkey/prisma'
import type { RowsOver } from '@latchkey/prisma/cleanup'
import { auditJson, insertAuditRecord } from '../audit/store.prisma.ts'
import { consequencesJson, writeConsequences } from '../consequences/store.prisma.ts'
import { rowJson } from '../sql.ts'
import type { Allowance, MailAllowances } from './allowance.ts'
import type { AskForMail, CountedMail } from './store.ts'

/**
 * Counts one mail; a row (`subject`) when it was admitted, for the one row of the CTEs in `after`, if there are any. Of two
 * statements at once the second waits for the row of the first and judges what it finds then.
 */
export const spendAllowance = (
  parameter: `$${number}`,
  whose: 'network' | 'recipient',
  after: readonly string[] = [],
): string => `
  INSERT INTO users.mail_allowances AS kept (subject, sent_at, over_at)
  SELECT asked.subject, ARRAY[asked.at], asked."overAt"
  FROM ${after.map((cte) => `${cte}, `).join('')}jsonb_to_record(${parameter}::jsonb->'${whose}') AS asked (subject text, at timestamptz, "overAt" timestamptz)
  WHERE asked.subject IS NOT NULL
  ON CONFLICT (subject) DO UPDATE SET
    sent_at = ARRAY(SELECT sent FROM unnest(kept.sent_at) AS sent
                    WHERE sent > (SELECT min(since) FROM jsonb_to_recordset(${parameter}::jsonb->'${whose}'->'limits') AS allowed (since timestamptz)))
              || EXCLUDED.sent_at,
    over_at = EXCLUDED.over_at
  WHERE NOT EXISTS (
    SELECT FROM jsonb_to_recordset(${parameter}::jsonb->'${whose}'->'limits') AS allowed (since timestamptz, most int)
    WHERE allowed.most <= (SELECT count(*) FROM unnest(kept.sent_at) AS sent WHERE sent > allowed.since))
  RETURNING subject`

/**
 * CTEs for a mail that a stranger asks for: `admitted` has a row unless the network has used up its allowance; then `due` has
 * one when the recipient has not, and `withheld` one when it has. The network's row is locked before the recipient's, always.
 */
export const countMail = (parameter: `$${number}`): string =>
  `network AS (${spendAllowance(parameter, 'network')}),
   admitted AS (SELECT WHERE ${parameter}::jsonb->'network'->>'subject' IS NULL OR EXISTS (SELECT FROM network)),
   due AS (${spendAllowance(parameter, 'recipient', ['admitted'])}),
   withheld AS (SELECT FROM admitted WHERE NOT EXISTS (SELECT FROM due))`

/** One row: whether it was admitted, and what the network had sent before. */
export const countedMail = (parameter: `$${number}`): string =>
  `SELECT EXISTS (SELECT FROM admitted) AS admitted,
          coalesce((SELECT sent_at FROM users.mail_allowances WHERE subject = ${parameter}::jsonb->'network'->>'subject'), '{}') AS "sentAt"`

const allowanceRow = ({ subject, at, overAt, limits }: Allowance) => ({ subject, at, overAt, limits })

export const allowancesJson = ({ recipient, network }: MailAllowances): string =>
  rowJson({ recipient: allowanceRow(recipient), network: network ? allowanceRow(network) : {} })

export const mailAllowancesOver: RowsOver = { table: 'users.mail_allowances', over: 'r.over_at <= $1' }

const writeAsked = {
  name: 'users_mail_asked',
  text: `WITH ${countMail('$3')}, ${writeConsequences('$1', 'due')}, withheld_record AS (${insertAuditRecord('$2', 'withheld')})
         ${countedMail('$3')}`,
}

/** For a mail whose request changes nothing else. */
export const prismaAskForMail =
  (database: Database): AskForMail =>
  async ({ consequences, withheld, allowances }) => {
    const parameters = [consequencesJson(consequences), auditJson(withheld), allowancesJson(allowances)]
    const [counted] = await database.query<CountedMail>(writeAsked, parameters)
    return counted ?? { admitted: false, sentAt: [] }
  }
