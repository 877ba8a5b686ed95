/** The form of every statement that changes a factor: the account moves on, the change, the codes, what follows; or nothing. No device stays trusted. */

import type { Database, Statement } from '@latchkey/prisma'
import { consequencesJson, writeConsequences } from '../consequences/store.prisma.ts'
import { endOthers } from '../grants/end-sessions.prisma.ts'
import type { KeyedMac } from '../identifiers/keyed-mac.ts'
import { insertRows } from '../sql.ts'
import type { FactorWrite, Written } from './store.ts'

interface FactorChange {
  readonly name: string
  /** More columns of the account that change. */
  readonly account?: string
  /**
   * CTEs after `moved` (`account_id`), the last of which is `changed` (`account_id`). Without it the move is the change. Their own
   * parameters begin at `$7`; `$1` is the account, `$6` the time.
   */
  readonly change?: string
}

const codeColumns = ['account_id', 'mac_key_id', 'mac', 'created_at']

// Every change of a factor is made on the state that it was decided on, or not at all: `grants_epoch` is the lock. Two changes
// at once, each of which leaves a way in that the other takes away, would lock the person out.
export const factorChange = ({
  name,
  account = '',
  change = 'changed AS (SELECT account_id FROM moved)',
}: FactorChange): Statement => ({
  name,
  text: `WITH moved AS (
           UPDATE users.accounts
           SET ${endOthers('$3')}${account}
           WHERE id = $1 AND grants_epoch = $2 AND status = 'active' RETURNING id AS account_id),
         ${change},
         voided AS (
           DELETE FROM users.recovery_codes c USING changed WHERE c.account_id = changed.account_id AND $5::jsonb IS NOT NULL),
         distrusted AS (DELETE FROM users.trusted_devices d USING changed WHERE d.account_id = changed.account_id),
         codes AS (${insertRows({ table: 'users.recovery_codes', columns: codeColumns, rows: "coalesce($5::jsonb, '[]')", onlyFor: 'changed' })}),
         ${writeConsequences('$4', 'changed')}
         SELECT (SELECT count(*) FROM moved)::int AS moved, (SELECT count(*) FROM changed)::int AS changed, $6::timestamptz AS at`,
})

const codeRow =
  (accountId: string, at: Date) =>
  ({ keyId, mac }: KeyedMac) => ({ account_id: accountId, mac_key_id: keyId, mac, created_at: at })

export async function runFactorChange(
  database: Database,
  statement: Statement,
  { accountId, grantsEpoch, keepOnly, recoveryCodes, consequences, at }: FactorWrite,
  own: readonly unknown[] = [],
): Promise<Written> {
  const codes = recoveryCodes && JSON.stringify(recoveryCodes.map(codeRow(accountId, at)))
  const shared = [accountId, grantsEpoch, keepOnly, consequencesJson(consequences), codes, at]
  const [row] = await database.query<{ moved: number; changed: number }>(statement, [...shared, ...own])
  if (!row?.moved) return 'raced'
  return row.changed ? 'changed' : 'refused'
}
