/** Taking back second factors: whoever had hold of an account may have left one that is not its owner's. */
import { insertAuditRecord } from '../audit/store.prisma.ts'

/**
 * The CTEs that take them back. `of` names the account (`account_id`) and a moment (`since`): what was enrolled at that moment
 * or later is gone, and so are the recovery codes that were issued then. What the owner had before stays. The record in the
 * parameter is written when anything was there.
 */
export const withdrawFactors = (of: string, record: `$${number}`): string =>
  `withdrawn_app AS (
     DELETE FROM users.totp_factors f USING ${of}
     WHERE f.account_id = ${of}.account_id AND coalesce(f.confirmed_at, f.created_at) >= ${of}.since RETURNING f.account_id),
   withdrawn_passkeys AS (
     DELETE FROM users.passkeys f USING ${of}
     WHERE f.account_id = ${of}.account_id AND f.created_at >= ${of}.since RETURNING f.account_id),
   withdrawn_codes AS (
     DELETE FROM users.recovery_codes f USING ${of}
     WHERE f.account_id = ${of}.account_id AND f.created_at >= ${of}.since RETURNING f.account_id),
   withdrawn AS (
     SELECT account_id FROM withdrawn_app UNION SELECT account_id FROM withdrawn_passkeys
     UNION SELECT account_id FROM withdrawn_codes),
   withdrawn_record AS (${insertAuditRecord(record, 'withdrawn')})`
