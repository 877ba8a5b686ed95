/** Allowances in Postgres: the part of a statement that counts a mail against them, exactly, however many ask at once. */
import { rowJson } from '../sql.ts'
import type { Allowance, MailAllowances } from './allowance.ts'

// Of two statements at once the second waits for the row of the first and judges what it finds then.
const spend = (parameter: string, whose: 'network' | 'recipient', admitted: string) => `
  INSERT INTO users.mail_counts AS kept (subject, sent_at, over_at)
  SELECT asked.subject, ARRAY[asked.at], asked."overAt"
  FROM ${admitted}jsonb_to_record(${parameter}::jsonb->'${whose}') AS asked (subject text, at timestamptz, "overAt" timestamptz)
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
  `network AS (${spend(parameter, 'network', '')}),
   admitted AS (SELECT WHERE ${parameter}::jsonb->'network'->>'subject' IS NULL OR EXISTS (SELECT FROM network)),
   due AS (${spend(parameter, 'recipient', 'admitted, ')}),
   withheld AS (SELECT FROM admitted WHERE NOT EXISTS (SELECT FROM due))`

/** One row: whether it was admitted, and what the network had sent before. */
export const countedMail = (parameter: `$${number}`): string =>
  `SELECT EXISTS (SELECT FROM admitted) AS admitted,
          coalesce((SELECT sent_at FROM users.mail_counts WHERE subject = ${parameter}::jsonb->'network'->>'subject'), '{}') AS "sentAt"`

export interface CountedMail {
  readonly admitted: boolean
  readonly sentAt: readonly Date[]
}

const allowanceRow = ({ subject, at, overAt, limits }: Allowance) => ({ subject, at, overAt, limits })

export const allowancesJson = ({ recipient, network }: MailAllowances): string =>
  rowJson({ recipient: allowanceRow(recipient), network: network ? allowanceRow(network) : {} })

export const forgetAllowances = {
  name: 'users_mail_counts_forget',
  text: 'DELETE FROM users.mail_counts WHERE over_at <= $1',
}
