/** Taking back a password that somebody else may know. */
import type { AccountStatus } from '../administration/standing.ts'

/**
 * The CTE that takes it back from the account in `of` (`account_id`) when that stood so before the statement. Whoever has none
 * comes in by a reset, or with a passkey.
 */
export const withdrawPassword = (of: string, stood: AccountStatus): string =>
  `withdrawn_password AS (
     DELETE FROM users.passwords p USING ${of}, users.accounts was
     WHERE p.account_id = ${of}.account_id AND was.id = ${of}.account_id AND was.status = '${stood}')`
