/** Which account a factor may speak for: part of the statements that use one up. */

/** Accounts opened after it may sign in with an address that is not confirmed yet; `null`: none may. As for a password. */
export type UnconfirmedSince = () => Date | null

/** The account (`account_id`, `session_epoch`) if it may sign in, judged as for a password; else no row. */
export const mayProve = (accountId: `$${number}`, unconfirmedSince: `$${number}`): string =>
  `SELECT a.id AS account_id, a.session_epoch FROM users.accounts a
   WHERE a.id = ${accountId} AND a.status = 'active'
     AND (a.email_verified_at IS NOT NULL OR a.created_at > ${unconfirmedSince}::timestamptz)`
