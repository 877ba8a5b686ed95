/** Taking back second factors: whoever had hold of an account may have left one that is not its owner's. */

/**
 * The CTEs that take them back. `of` names the account (`account_id`) and a moment (`since`): what was enrolled at that moment
 * or later is gone, and so are the recovery codes that were issued then. What the owner had before stays.
 */
export const withdrawFactors = (of: string): string =>
  `withdrawn_app AS (
     DELETE FROM users.totp_factors f USING ${of}
     WHERE f.account_id = ${of}.account_id AND coalesce(f.confirmed_at, f.created_at) >= ${of}.since),
   withdrawn_passkeys AS (
     DELETE FROM users.passkeys f USING ${of} WHERE f.account_id = ${of}.account_id AND f.created_at >= ${of}.since),
   withdrawn_codes AS (
     DELETE FROM users.recovery_codes f USING ${of} WHERE f.account_id = ${of}.account_id AND f.created_at >= ${of}.since)`
